// Serves one data directory on one unix socket, to one connection at a time:
// node <flags> server.mjs <code> <data> <socket> <pipe> <identity>
//
// The server that the makers of pglite offer hands every piece that the socket delivers to the engine, which dies of
// a message longer than one piece (64 kB); here only whole messages reach it.

import fs, { closeSync, existsSync, openSync, readFileSync, readSync, renameSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { createServer } from 'node:net'
import { PGlite } from '@electric-sql/pglite'
import { timescaledb } from '@electric-sql/pglite/timescaledb'

// The engine looks for many files that are not there: each table may have four, and has one. Node takes four times as long to
// make an error of its own as to look.
const { lstatSync } = fs
const MISSING = Object.assign(new Error('no such file'), { code: 'ENOENT', errno: -2 })
fs.lstatSync = (file) => {
  const stat = lstatSync(file, { throwIfNoEntry: false })
  if (!stat) throw MISSING
  return stat
}
syncBuiltinESMExports()

const [code, data, path, pipe, identity] = process.argv.slice(2)

// V8 compiles a function quickly at its first call, and well once it is called often: again in each process, in the middle of
// what is timed. So the first process leaves in the file `code` what V8 compiled well, and the others take it from there. Node has
// no public function for that.
const source = readFileSync(new URL('pglite.wasm', import.meta.resolve('@electric-sql/pglite')))
const kept = existsSync(code) ? %DeserializeWasmModule(readFileSync(code).buffer, source) : undefined
const wasmModule = kept ?? new WebAssembly.Module(source)

const END = Buffer.from('X\0\0\0\x04', 'latin1')
const SYNC = Buffer.from('S\0\0\0\x04', 'latin1')
// An answer is due after: Query, Sync, Flush, FunctionCall, Terminate, password. The engine must not see a batch before its end.
const ENDS = new Set(Buffer.from('QSHFXp'))
const TERMINATE = 'X'.charCodeAt(0)
// The engine reads no configuration file, and some of what it was built with would spoil plans and put tables into
// pg_catalog. These are the values of the native server; parallel workers there are none.
const SETTINGS = {
  search_path: '"$user", public',
  enable_seqscan: 'on',
  allow_system_table_mods: 'off',
  default_text_search_config: "'pg_catalog.english'",
  default_toast_compression: 'pglz',
  jit: 'off',
  maintenance_work_mem: "'256MB'",
  max_parallel_maintenance_workers: 0,
  max_parallel_workers_per_gather: 0,
  TimeZone: "'UTC'",
  wal_init_zero: 'off',
  DateStyle: "'ISO, MDY'",
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: 1,
  // The lab asks for it to be sure that it talks to this process.
  'storage_lab.identity': `'${identity}'`,
  'storage_lab.compiled_before': kept ? 'on' : 'off',
}
const FRESH = [
  'ROLLBACK',
  'DISCARD ALL',
  // Without it a compressed hypertable answers that it has no rows, and no error.
  "LOAD 'timescaledb'",
  ...Object.entries(SETTINGS).map(([name, value]) => `SET ${name} = ${value}`),
]

// COPY … FROM '/dev/copy' reads what the lab writes into a named pipe: COPY FROM STDIN kills the engine, and loading
// in parts leaves up to 64 empty pages after each.
const copying = {
  name: 'copying',
  setup: async (_, options) => ({ emscriptenOpts: { ...options, preRun: [...options.preRun, addCopyDevice] } }),
}

function addCopyDevice({ FS }) {
  const device = FS.makedev(200, 0) // 64 and those after it are taken by the standard streams
  FS.registerDevice(device, {
    open: (stream) => { stream.pipe = openSync(pipe, 'r') },
    close: (stream) => closeSync(stream.pipe),
    read: (stream, buffer, offset, length) => readSync(stream.pipe, buffer, offset, length, null),
  })
  FS.mkdev('/dev/copy', device)
}

function query(sql) {
  const body = Buffer.from(`${sql}\0`)
  const head = Buffer.from('Q\0\0\0\0', 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

// How many bytes form whole messages up to one that is answered; the first message of a connection has no type.
function batch(bytes, started) {
  let end = 0
  for (let at = 0, typed = started; ; typed = true) {
    const length = at + (typed ? 1 : 0)
    if (bytes.length < length + 4) return end
    const next = length + bytes.readInt32BE(length)
    if (bytes.length < next) return end
    if (!typed || ENDS.has(bytes[at])) end = next
    at = next
  }
}

// The engine takes a message from here, piece by piece, and leaves its answer here. PGlite's own way would also unpack each
// row of each answer into JavaScript's values, and keep them for ever.
const wire = { message: Buffer.alloc(0), answer: [] }

function connect({ addFunction, _set_read_write_cbs: connectTo }) {
  const read = addFunction((at, most) => {
    const piece = wire.message.subarray(0, most)
    db.Module.HEAPU8.set(piece, at)
    wire.message = wire.message.subarray(piece.length)
    return piece.length
  }, 'iii')
  const write = addFunction((at, length) => {
    wire.answer.push(db.Module.HEAPU8.slice(at, at + length))
    return length
  }, 'iii')
  connectTo(read, write)
}

function ask(message) {
  wire.message = message
  wire.answer = []
  db.Module._interactive_one(message.length, message[0])
  return wire.answer
}

// All connections share one session of the engine: what the last one left behind must not reach the next one.
function freshen() {
  ask(SYNC)
  for (const sql of FRESH) ask(query(sql))
}

function serve(socket) {
  let pending = Buffer.alloc(0)
  let started = false
  freshen()
  socket.on('data', (piece) => {
    pending = pending.length ? Buffer.concat([pending, piece]) : piece
    const end = batch(pending, started)
    if (!end) return
    if (started && pending[0] === TERMINATE) return socket.end()
    const answer = ask(pending.subarray(0, end))
    pending = pending.subarray(end)
    started = true
    if (answer.length) socket.write(Buffer.concat(answer))
  })
  socket.resume()
}

let turn = Promise.resolve()

function enqueue(socket) {
  socket.pause()
  socket.on('error', () => socket.destroy())
  turn.then(() => serve(socket))
  turn = new Promise((leave) => socket.on('close', leave))
}

const db = await PGlite.create(data, { wasmModule, extensions: { timescaledb, copying } })
connect(db.Module)
// The socket gets its name once it can be connected to, so that its name is the sign of being ready.
createServer(enqueue).listen(`${path}.new`, () => renameSync(`${path}.new`, path))

function keep() {
  writeFileSync(`${code}.new`, Buffer.from(%SerializeWasmModule(wasmModule)))
  renameSync(`${code}.new`, code)
}

// The lab holds the other end: when it closes it, or dies, this process ends.
process.stdin.on('end', () => {
  ask(END)
  db.Module._pgl_shutdown()
  if (!existsSync(code)) keep()
  process.exit(0)
})
process.stdin.resume()
