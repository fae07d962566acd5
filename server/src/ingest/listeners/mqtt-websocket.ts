import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { declineUpgrade, type Upgrades } from '../../platform/http/upgrades.ts';

/** The path of MQTT on the HTTP and HTTPS ports. */
const path = '/mqtt';
/** MQTT 3.1.1 and 5 demand `mqtt`; some clients of old still ask for the other one. */
const subprotocols = ['mqtt', 'mqttv3.1'];
/** A WebSocket message is held until it is whole; the door's own limit counts for the packets in it. */
const maxMessageBytes = 2 << 20;
const unsupportedData = 1003;

/**
 * MQTT over WebSocket, for browsers. A page of any site may connect: it has no cookie to steal here, who comes in shows
 * a key or a token.
 */
export function createMqttWebSocket(accept: (stream: Duplex, remote: string) => void) {
  let stopped = false;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    handleProtocols: (offered) => subprotocols.find((one) => offered.has(one)) ?? false,
  });

  function take(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());
    if (stopped) declineUpgrade(socket, '503 Service Unavailable');
    else if (!subprotocols.some((one) => offered.includes(one))) declineUpgrade(socket, '400 Bad Request');
    else
      server.handleUpgrade(request, socket, head, (webSocket) => {
        // MQTT travels in binary messages only (6.0.0-1).
        webSocket.on('message', (_, isBinary) => {
          if (!isBinary) webSocket.close(unsupportedData, 'MQTT travels in binary messages');
        });
        const { remoteAddress, remotePort } = request.socket;
        accept(createWebSocketStream(webSocket), `${remoteAddress ?? '?'}:${remotePort ?? 0}`);
      });
  }

  return {
    start: (upgrades: Upgrades) => upgrades.at(path, take),
    /** Takes nothing new; what is open is the door's. */
    stop(): void {
      stopped = true;
      server.close();
    },
  };
}
