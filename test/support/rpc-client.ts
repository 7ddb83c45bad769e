import { createConnection, type Socket } from 'node:net';

export interface Reply {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: { code: number; message: string; data?: unknown };
  readonly method?: string;
  readonly params?: Record<string, unknown>;
}

/** A raw client of the RPC socket: sends what it is told, and collects what comes back. */
export class RawClient {
  readonly replies: Reply[] = [];
  readonly socket: Socket;
  text = '';
  #waiting: (() => void)[] = [];
  closed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      this.text += chunk;
      const parts = (rest + chunk).split('\n\n');
      rest = parts.pop() as string;
      for (const part of parts) this.replies.push(JSON.parse(part) as Reply);
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  static connect(path: string): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path, () => resolve(new RawClient(socket)));
      socket.once('error', reject);
    });
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Resolves once `count` replies are there, or the other side closed. */
  async until(count: number): Promise<readonly Reply[]> {
    while (this.replies.length < count && !this.closed)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.replies;
  }

  async call(method: string, params?: unknown): Promise<Reply> {
    const before = this.replies.length;
    this.socket.write(JSON.stringify({ jsonrpc: '2.0', id: before, method, params }));
    return (await this.until(before + 1))[before] as Reply;
  }
}
