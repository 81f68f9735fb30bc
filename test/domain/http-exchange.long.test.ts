import { once } from "node:events";
import { Agent, createServer, type RequestListener } from "node:http";
import { Agent as TlsAgent } from "node:https";
import { createServer as createTcpServer, type AddressInfo, type Server } from "node:net";
import { afterEach, expect, test } from "vitest";
import { exchange } from "../../src/domain/http-exchange.ts";

let closing: () => void = () => {};
afterEach(() => closing());

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const answers: Record<string, RequestListener> = {
  "accepts a request and says nothing": () => {},
  "sends its answer a byte a second": (_request, response) => {
    const timer = setInterval(() => response.write("x"), 1000);
    response.on("close", () => clearInterval(timer));
  },
};

test.each(Object.entries(answers))("a server that %s is given up", async (_what, listener) => {
  const server = createServer(listener);
  const url = new URL(`http://127.0.0.1:${await listen(server)}`);
  closing = () => server.close();
  const request = { method: "GET", url, headers: {}, agent: new Agent() };
  await expect(exchange(request, new AbortController().signal)).rejects.toMatchObject({
    failure: "timed-out",
  });
});

test("a server that never finishes the TLS handshake is no connection", async () => {
  const server = createTcpServer((socket) => {
    closing = () => {
      socket.destroy();
      server.close();
    };
  });
  const url = new URL(`https://127.0.0.1:${await listen(server)}`);
  const request = { method: "GET", url, headers: {}, agent: new TlsAgent() };
  await expect(exchange(request, new AbortController().signal)).rejects.toMatchObject({
    failure: "no-connection",
  });
});
