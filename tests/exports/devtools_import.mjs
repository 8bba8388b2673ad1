// SPDX-License-Identifier: Apache-2.0
// devtools_import.mjs PACKAGE FILE: reads a timeline with the trace engine of Chrome's DevTools (npm package
// `@paulirish/trace_engine`) and holds what it made of it against the file: every process and track has its name, every
// slice is there once, with its time, in the stack that its times make, and so is every marker of a track.
import assert from 'node:assert'
import fs from 'node:fs'

// What the engine asks for, and node has not.
globalThis.DOMRect ??= class DOMRect {}
const [folder, file] = process.argv.slice(2)
const Trace = await import(folder + '/models/trace/trace.js')
const events = JSON.parse(fs.readFileSync(file, 'utf8')).traceEvents
const model = Trace.TraceModel.Model.createWithAllHandlers()
await model.parse(structuredClone(events))
const data = model.parsedTrace().data

const named = (word) => events.filter((e) => e.ph === 'M' && e.name === word)
const tracks = new Map(named('thread_name').map((e) => [`${e.pid}/${e.tid}`, { name: e.args.name, slices: [] }]))
for (const e of events) if (e.ph === 'X') tracks.get(`${e.pid}/${e.tid}`).slices.push(e)

for (const e of named('process_name')) assert.equal(data.Meta.processNames.get(e.pid).args.name, e.args.name)
const key = (e) => `${e.ts} ${e.dur} ${e.name}`
// How deep each slice lies, by its times alone.
function depthsOf(slices) {
  const open = []
  return slices.toSorted((a, b) => a.ts - b.ts || b.dur - a.dur).map((e) => {
    while (open.length && open.at(-1).ts + open.at(-1).dur <= e.ts) open.pop()
    open.push(e)
    return `${key(e)} ${open.length - 1}`
  }).sort()
}
let nSlices = 0
for (const [pid, process] of data.Renderer.processes)
  for (const [tid, thread] of process.threads) {
    const track = tracks.get(`${pid}/${tid}`)
    assert.equal(thread.name, track.name)
    const read = thread.entries.filter((e) => e.ph === 'X')
    assert.deepEqual(read.map(key).sort(), track.slices.map(key).sort(), track.name)
    const depths = []
    const walk = (node) => { depths.push(`${key(node.entry)} ${node.depth}`); node.children.forEach(walk) }
    thread.tree.roots.forEach(walk)
    assert.deepEqual(depths.sort(), depthsOf(track.slices), track.name)
    nSlices += read.length
    tracks.delete(`${pid}/${tid}`)
  }
for (const track of tracks.values()) assert.equal(track.slices.length, 0, `${track.name} is not there`)
const times = events.filter((e) => e.ph !== 'M').flatMap((e) => [e.ts, e.ts + (e.dur ?? 0)])
assert(data.Meta.traceBounds.min >= times.reduce((a, b) => Math.min(a, b)) && data.Meta.traceBounds.max <= times.reduce((a, b) => Math.max(a, b)))
assert(nSlices > 0)
console.log(`${nSlices} slices of ${data.Renderer.processes.size} processes`)
