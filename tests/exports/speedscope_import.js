// SPDX-License-Identifier: Apache-2.0
// speedscope_import.js PACKAGE FILE...: reads each file with the importer of the npm package `speedscope` and prints what
// it made of it, a line a file, as JSON: names, units and totals of its profiles.
//
// The package is the bundle of a page. Its importer is the function behind `loadFileFromBase64`; the bundle runs up to
// where it would draw itself, with a document that takes everything and does nothing.
'use strict'
let complaints = 0
const fs = require('fs')
const path = require('path')

const nothing = new Proxy(function () {}, {
  get: (_, key) => (key === Symbol.toPrimitive ? () => '' : key === Symbol.iterator ? function* () {} : nothing),
  set: () => true,
  apply: () => nothing,
  construct: () => nothing,
})
// What the page's code asks for on its way, and node has not.
for (const name of ['window', 'document', 'location', 'navigator', 'localStorage', 'history', 'matchMedia', 'addEventListener',
  'requestAnimationFrame', 'HTMLElement', 'self']) {
  Object.defineProperty(globalThis, name, { value: nothing, configurable: true, writable: true })
}

function importer(folder) {
  const release = path.join(folder, 'dist', 'release')
  const bundle = fs.readdirSync(release).find((name) => /^speedscope.*\.js$/.test(name))
  const text = fs.readFileSync(path.join(release, bundle), 'utf8')
  const entry = /loadFileFromBase64:\((\w+),(\w+)\)=>\{this\.loadProfile\(\(\)=>([\w$]+)\(\1,\2\)\)/.exec(text)
  const end = text.lastIndexOf('console.log(`speedscope v')
  if (!entry || end < 0) throw new Error('this version of the package is put together in another way')
  const log = console.log
  console.log = () => {}
  // What it had to mend is an error of ours.
  for (const name of ['warn', 'error']) {
    console[name] = (...words) => {
      process.exitCode = 1
      if (complaints++ < 5) process.stderr.write(words.join(' ') + '\n')
    }
  }
  new Function(text.slice(0, end) + ';globalThis.importBase64=' + entry[3] + '})();')()
  return async (name, bytes) => {
    const group = await globalThis.importBase64(name, bytes.toString('base64'))
    console.log = log
    return group
  }
}

async function main(folder, files) {
  const load = importer(folder)
  for (const file of files) {
    const group = await load(path.basename(file), fs.readFileSync(file))
    if (!group) throw new Error(file + ': speedscope does not take it')
    console.log(JSON.stringify(group.profiles.map((p) => {
      let frames = 0
      p.forEachFrame(() => { frames++ })
      return { name: p.getName(), unit: p.getWeightUnit(), total: p.getTotalWeight(), frames }
    })))
  }
}

main(process.argv[2], process.argv.slice(3)).catch((error) => {
  console.error(String(error && error.stack || error))
  process.exit(1)
})
