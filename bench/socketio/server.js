// A chat on Socket.IO with the Redis adapter, speaking the frames of chat.v1 as events.
//   node server.js PORT      STORE=1 stores each message in PostgreSQL before anybody hears of it
//
// Kinder than a real one: tokens are not verified, and who is in which chat is read once and kept in memory.
'use strict';
const http = require('http');
const { createAdapter } = require('@socket.io/redis-adapter');
const pg = require('pg');
const redis = require('redis');
const { Server } = require('socket.io');

const port = Number(process.argv[2]);
const stores = process.env.STORE === '1';
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const INSERT = {
  name: 'insert',
  text: 'INSERT INTO baseline_message (chat_id, sender_id, text, created_at) VALUES ($1, $2, $3, now()) RETURNING id, created_at',
};

async function readChats() {
  const chats = new Map();
  const { rows } = await pool.query('SELECT chat_id, user_id FROM baseline_membership');
  for (const row of rows) {
    const user = Number(row.user_id);
    if (!chats.has(user)) chats.set(user, new Set());
    chats.get(user).add(Number(row.chat_id));
  }
  return chats;
}

function readUser(socket) {
  const payload = socket.handshake.headers.authorization.split('.')[1];
  return Number(JSON.parse(Buffer.from(payload, 'base64url')).user_id);
}

let written = 0;

async function store(chat, user, text) {
  if (!stores) return { id: ++written, created_at: new Date() };
  const { rows } = await pool.query({ ...INSERT, values: [chat, user, text] });
  return rows[0];
}

async function send(socket, user, chats, command) {
  const { id, chat, text } = command;
  if (!chats.has(chat)) {
    socket.emit('event', { type: 'error', id, chat, code: 'not_a_member' });
    return;
  }
  const { id: seq, created_at: at } = await store(chat, user, text);
  socket.to(`chat.${chat}`).emit('event', { type: 'message.created', chat, seq, at, sender: user, text });
  socket.emit('event', { type: 'ack', id, chat, status: 200, seq, at });
}

async function main() {
  const everyone = await readChats();
  const server = http.createServer((request, response) => response.end('ok'));
  const publisher = redis.createClient({ url: process.env.REDIS_URL });
  const subscriber = publisher.duplicate();
  // What an overload does to the stores must not end the process; the clients come back by themselves.
  process.on('unhandledRejection', (error) => console.error(error));
  for (const client of [publisher, subscriber, pool]) client.on('error', (error) => console.error(error.message));
  await Promise.all([publisher.connect(), subscriber.connect()]);
  const io = new Server(server, {
    transports: ['websocket'],
    perMessageDeflate: false,
    // Of its own: what is published in Redis is heard in all of its databases, and another server may be up beside this one.
    adapter: createAdapter(publisher, subscriber, { key: `socket.io.${port}` }),
  });
  io.on('connection', async (socket) => {
    const user = readUser(socket);
    const chats = everyone.get(user) || new Set();
    socket.on('command', (command) => {
      if (command.type === 'message.send') return send(socket, user, chats, command);
      if (command.type !== 'hello') return undefined;
      socket.emit('event', { type: 'ready', id: command.id, chats: [...chats].map((chat) => ({ chat })) });
      return socket.emit('event', { type: 'caught_up' });
    });
    socket.join([...chats].map((chat) => `chat.${chat}`));
  });
  server.listen(port, '127.0.0.1');
}

main();
