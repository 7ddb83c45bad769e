import { connect, type Socket } from 'node:net';

/** An error that a daemon answered with. */
export class CommandFailure extends Error {
  readonly code: number;
  // biome-ignore lint/suspicious/noExplicitAny: what `data` holds depends on the command.
  readonly data: any;

  constructor(error: { code: number; message: string; data?: unknown }) {
    super(error.message);
    this.code = error.code;
    this.data = error.data;
  }
}

const GONE = { code: -1, message: 'the daemon is gone' };

/** JSON-RPC to a daemon over its unix socket. */
export class Client {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #next = 1;
  #rest = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#read(text));
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const tell of this.#waiting.values()) tell({ error: GONE });
      this.#waiting.clear();
    });
  }

  /** Rejects where nobody listens yet. */
  static open(path: string): Promise<Client> {
    return new Promise((resolve, reject) => {
      const socket = connect(path, () => resolve(new Client(socket)));
      socket.once('error', reject);
    });
  }

  // biome-ignore lint/suspicious/noExplicitAny: results are as various as the commands.
  call(method: string, params: object): Promise<any> {
    if (this.#socket.destroyed) return Promise.reject(new CommandFailure(GONE));
    const id = this.#next++;
    this.#socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n\n`);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) =>
        error ? reject(new CommandFailure(error)) : resolve(result),
      );
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(text: string): void {
    const parts = (this.#rest + text).split('\n\n');
    this.#rest = parts.pop() ?? '';
    for (const part of parts) {
      if (part.trim() === '') continue;
      const answer = JSON.parse(part) as Answer & { id: number };
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    }
  }
}

interface Answer {
  readonly result?: unknown;
  readonly error?: { code: number; message: string; data?: unknown };
}
