/** A TCP proxy in front of a node that can be down, or take everything and answer nothing. */
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

export type ProxyMode = 'up' | 'down' | 'silent';

export class RpcProxy {
  mode: ProxyMode = 'up';
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(target: string): Promise<RpcProxy> {
    const { hostname, port } = new URL(target);
    const server = createServer();
    const proxy = new RpcProxy(server);
    server.on('connection', (socket) => proxy.#serve(socket, hostname, Number(port)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Changes the mode and ends the connections of the last one. */
  set(mode: ProxyMode): void {
    this.mode = mode;
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.set('down');
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket, host: string, port: number): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {});
    if (this.mode === 'down') socket.destroy();
    if (this.mode !== 'up') return;
    const upstream = connect(port, host);
    upstream.on('error', () => socket.destroy()).on('close', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
    socket.pipe(upstream).pipe(socket);
  }
}
