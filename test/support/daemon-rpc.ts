import { connect, type Socket } from 'node:net';

/** An error that the daemon answered with. */
export class RpcFailure extends Error {
  readonly code: number;
  // biome-ignore lint/suspicious/noExplicitAny: what `data` holds depends on the command.
  readonly data: any;

  constructor(method: string, error: { code: number; message: string; data?: unknown }) {
    super(`${method}: ${error.message} (${error.code})`);
    this.code = error.code;
    this.data = error.data;
  }
}

interface Waiting {
  readonly method: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** JSON-RPC over a unix socket: one connection, any number of calls in flight. */
export class RpcClient {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #buffer = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#read(text));
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const { method, reject } of this.#waiting.values())
        reject(new Error(`${method}: the daemon closed the connection`));
      this.#waiting.clear();
    });
  }

  static open(path: string): Promise<RpcClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.removeListener('error', reject);
        resolve(new RpcClient(socket));
      });
    });
  }

  // biome-ignore lint/suspicious/noExplicitAny: results are as various as the commands.
  call(method: string, params: object = {}): Promise<any> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new Error(`${method}: the connection is closed`));
      const id = this.#next++;
      this.#waiting.set(id, { method, resolve, reject });
      this.#socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Answers end in an empty line, as Core Lightning's do. */
  #read(text: string): void {
    this.#buffer += text;
    for (let end = this.#buffer.indexOf('\n\n'); end >= 0; end = this.#buffer.indexOf('\n\n')) {
      const line = this.#buffer.slice(0, end).trim();
      this.#buffer = this.#buffer.slice(end + 2);
      if (line !== '') this.#take(JSON.parse(line));
    }
  }

  #take(answer: { id: number; result?: unknown; error?: { code: number; message: string } }): void {
    const waiting = this.#waiting.get(answer.id);
    if (!waiting) return;
    this.#waiting.delete(answer.id);
    if (answer.error) waiting.reject(new RpcFailure(waiting.method, answer.error));
    else waiting.resolve(answer.result);
  }
}
