import { connect, type Socket } from 'node:net';
import { type Account, type LoadJob, type Packets, speaksMqtt } from './load-job.ts';
import { connectPacket } from './packets.ts';

/** Counts what the other side has acknowledged in `bytes` read from it; throws for anything else. */
type CountAnswers = (bytes: Buffer) => number;

/** Opens a job's connections; each is ready to send. */
export async function openConnections(job: LoadJob): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let c = 0; c < job.connections; c++) {
    const socket = connect(job.port, '127.0.0.1').setNoDelay(true);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const account = job.accounts[c % job.accounts.length]!;
    if (speaksMqtt(job.door)) await sayHello(socket, `bench-${process.pid}-${c}`, account);
    sockets.push(socket);
  }
  return sockets;
}

async function sayHello(socket: Socket, clientId: string, { username, password }: Account): Promise<void> {
  socket.write(connectPacket(clientId, username, password));
  const answer = await new Promise<Buffer>((resolve, reject) => {
    socket.once('data', resolve).once('close', () => reject(new Error('closed instead of CONNACK')));
  });
  if (answer.length !== 4 || answer[0] !== 0x20 || answer[3] !== 0)
    throw new Error(`CONNACK expected, not ${answer.toString('hex')}`);
  socket.removeAllListeners('close');
}

/** What may wait in this process for a receiver that does not read, bytes of a connection. */
const maxUnsentBytes = 1 << 20;

/** Sends the messages of one connection; resolves with how many when the last that was sent is acknowledged. */
export function sendAll(socket: Socket, { bytes, starts }: Packets, job: LoadJob): Promise<number> {
  let total = starts.length - 1;
  const countAnswers = speaksMqtt(job.door) ? mqttAnswers() : httpAnswers();
  const perMs = job.messagesPerSecond === null ? Infinity : job.messagesPerSecond / job.connections / 1000;
  const beganMs = performance.now();
  let sent = 0;
  let done = 0;
  return new Promise((resolve, reject) => {
    const pump = () => {
      if (socket.writableLength > maxUnsentBytes) return;
      const elapsedMs = performance.now() - beganMs;
      if (job.stopAfterMs !== undefined && elapsedMs > job.stopAfterMs) {
        total = sent;
        if (done === total) finish();
        return;
      }
      const allowed = perMs === Infinity ? total : Math.floor(elapsedMs * perMs);
      const until = Math.min(total, done + job.window, allowed);
      if (until <= sent) return;
      socket.write(bytes.subarray(starts[sent], starts[until]));
      sent = until;
    };
    const pace = perMs === Infinity ? undefined : setInterval(pump, 5);
    const end = (settle: () => void) => {
      clearInterval(pace);
      socket.removeAllListeners();
      socket.on('error', () => socket.destroy());
      settle();
    };
    const finish = () => end(() => resolve(done));
    const fail = (error: Error) => end(() => reject(error));
    socket.on('error', fail);
    socket.on('close', () => fail(new Error(`the connection was closed after ${done} of ${total} messages`)));
    socket.on('drain', pump);
    socket.on('data', (answer) => {
      try {
        done += countAnswers(answer);
      } catch (error) {
        fail(error as Error);
        return;
      }
      if (done === total) finish();
      else pump();
    });
    pump();
  });
}

/** PUBACK of MQTT 3.1.1: four bytes each. */
function mqttAnswers(): CountAnswers {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    const whole = all.length - (all.length % 4);
    for (let at = 0; at < whole; at += 4)
      if (all[at] !== 0x40 || all[at + 1] !== 2)
        throw new Error(`PUBACK expected, not ${all.toString('hex', at, at + 4)}`);
    rest = all.subarray(whole);
    return whole / 4;
  };
}

/** Answers with status 200 and a content-length, or 204. */
function httpAnswers(): CountAnswers {
  let rest = '';
  return (bytes) => {
    rest += bytes.toString('latin1');
    let count = 0;
    for (;;) {
      const end = rest.indexOf('\r\n\r\n');
      if (end < 0) return count;
      const empty = rest.startsWith('HTTP/1.1 204');
      if (!empty && !rest.startsWith('HTTP/1.1 200')) throw new Error(rest.slice(0, 2000));
      const length = empty ? 0 : Number(/content-length: (\d+)/i.exec(rest.slice(0, end))?.[1]);
      if (!(rest.length >= end + 4 + length)) return count;
      rest = rest.slice(end + 4 + length);
      count++;
    }
  };
}
