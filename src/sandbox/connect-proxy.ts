import { createServer } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import type { Listener } from "./https-server.ts";

/**
 * A proxy that leads host names to ports of this machine, and nowhere else. A kubeconfig names it for a cluster whose
 * API server has a name that DNS does not resolve here.
 * @param ports ports of this machine, by the `host:port` that a client asks for
 */
export async function startConnectProxy(ports: ReadonlyMap<string, number>): Promise<Listener> {
  const sockets = new Set<Socket>();
  const kept = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy()).once("close", () => sockets.delete(socket));
    return socket;
  };
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on("connection", kept);
  server.on("connect", ({ url = "" }, client: Socket, head) => {
    const port = ports.get(url.toLowerCase());
    if (port === undefined) {
      client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
      return;
    }
    const upstream = kept(connect(port, "127.0.0.1"));
    upstream.once("connect", () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      if (head.length > 0) upstream.write(head);
      client.pipe(upstream).pipe(client);
    });
    // When one end closes, so does the other.
    upstream.once("close", () => client.destroy());
    client.once("close", () => upstream.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
