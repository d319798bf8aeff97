// Walks through the API as a client does that somebody generated from the served document: list, create, get, change with
// If-Match, delete, and then the addresses that a proxy can judge better than a type. Between it and the service stands a
// proxy that holds every exchange against the same document; what the proxy finds fails the walk.
//
//   node generated/js/walk.js PROXY KEY

import createClient from 'openapi-fetch'
import type { components, paths } from './generated/schema'

declare const process: { argv: string[]; exitCode?: number }

const [proxy, key] = process.argv.slice(2)
let exchanges = 0

interface Violation {
  location: string[]
  message: string
}

// judged is fetch, and fails for what the proxy finds: anything in an answer, and anything in a request that was accepted.
async function judged(request: Request): Promise<Response> {
  const answer = await fetch(request)
  exchanges++
  const found: Violation[] = JSON.parse(answer.headers.get('sl-violations') ?? '[]')
  const broken = found.filter((v) => answer.ok || v.location[0] !== 'request')
  const where = `${request.method} ${request.url}, answered ${answer.status}`
  if (broken.length > 0) throw new Error(`${where}: ${JSON.stringify(broken)}`)
  if (answer.status === 500) throw new Error(`${where}: ${await answer.text()}`)
  return answer
}

function expect(what: string, got: unknown, want: unknown): void {
  if (got !== want) throw new Error(`${what}: got ${got}, want ${want}`)
}

// present is a value that has to be there, or the error that came in its place.
function present<T>(what: string, got: { data?: T; error?: unknown; response: Response }, status: number): T {
  expect(`${what}: status`, got.response.status, status)
  if (got.data === undefined) throw new Error(`${what}: no body, error ${JSON.stringify(got.error)}`)
  return got.data
}

function tagOf(answer: Response): string {
  const tag = answer.headers.get('ETag')
  if (tag === null) throw new Error(`${answer.url}: no ETag`)
  return tag
}

const anybody = createClient<paths>({ baseUrl: proxy, fetch: judged })
const writer = createClient<paths>({ baseUrl: proxy, fetch: judged, headers: { Authorization: `Bearer ${key}` } })

async function listings(): Promise<void> {
  const filter = { kind: ['house', 'townhouse'] as components['schemas']['Kind'][], max_price: '600000', limit: 3 }
  const comma = { array: { style: 'form', explode: false } } as const
  const options = { params: { query: { ...filter, count: 'exact' as const } }, querySerializer: comma }
  const page = present('list', await anybody.GET('/v1/properties', options), 200)
  expect('list: length', page.properties.length, 3)
  expect('list: more are there', typeof page.next, 'string')
  const query = { ...filter, cursor: page.next ?? '' }
  const second = present('second page', await anybody.GET('/v1/properties', { params: { query }, querySerializer: comma }), 200)
  expect('second page: others', page.properties.some((p) => p.id === second.properties[0].id), false)
}

async function oneListing(): Promise<void> {
  const body = { title: 'Cabin by the lake', price: '325000', location: 'Seattle, WA', latitude: 47.51123456, longitude: -122.25712345 }
  const created = present('create', await writer.POST('/v1/properties', { body }), 201)
  const path = { id: created.id }
  const read = await anybody.GET('/v1/properties/{id}', { params: { path } })
  const first = tagOf(read.response)
  expect('get: as created', JSON.stringify(present('get', read, 200)), JSON.stringify(created))
  const again = await anybody.GET('/v1/properties/{id}', { params: { path, header: { 'If-None-Match': first } } })
  expect('get with If-None-Match: status', again.response.status, 304)

  const change = { params: { path, header: { 'If-Match': first } }, body: { price: '319500.00' } }
  const changed = present('change', await writer.PATCH('/v1/properties/{id}', change), 200)
  expect('change: price', changed.price, '319500.00')
  expect('change: version', changed.version, created.version + 1)
  const late = await writer.PATCH('/v1/properties/{id}', change)
  expect('late change: status', late.response.status, 412)
  expect('late change: problem', late.error?.type, '/problems/precondition-failed')

  const replaced = await writer.PUT('/v1/properties/{id}', { params: { path }, body: { ...changed, bedrooms: 2 } })
  expect('replace: bedrooms', present('replace', replaced, 200).bedrooms, 2)
  const header = { 'If-Match': tagOf(replaced.response) }
  expect('delete: status', (await writer.DELETE('/v1/properties/{id}', { params: { path, header } })).response.status, 204)
  expect('get after delete: status', (await anybody.GET('/v1/properties/{id}', { params: { path } })).response.status, 404)
}

// The rest as plain requests: what a generated client cannot send, and what has no shape to generate.
async function everythingElse(): Promise<void> {
  const as = { Authorization: `Bearer ${key}` }
  const csv = 'reference,title,price,location\nwalk-1,House,100,Here\nwalk-2,House,much,Here\n'
  const wanted: [string, number, RequestInit?][] = [
    ['/v1/properties?bbox=-122.44,47.49,-122.23,47.74&sort=-price&fields=id,price,bathrooms', 200],
    ['/v1/properties?near=47.61,-122.33&radius_km=3.5&q=house', 200],
    ['/v1/properties?limit=1', 200, { headers: { 'Consistency-Token': '*' } }],
    ['/v1/properties?limit=1', 200, { headers: { 'Cache-Control': 'no-cache' } }],
    ['/v1/properties?limit=317', 504, { headers: { 'Cache-Control': 'only-if-cached' } }],
    ['/v1/properties?min_prise=1', 400],
    ['/v1/properties?min_price=2&max_price=1', 400],
    ['/v1/properties/none', 400],
    ['/v1/properties/0190a5c2-7f3e-7c41-9d5b-2f6a8c1e4b70', 404],
    ['/v1/properties/0190a5c2-7f3e-7c41-9d5b-2f6a8c1e4b70', 204, { method: 'OPTIONS' }],
    ['/v1/properties', 401, { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } }],
    ['/v1/properties', 400, { method: 'POST', body: '{', headers: { 'Content-Type': 'application/json', ...as } }],
    ['/v1/properties', 415, { method: 'POST', body: 'x', headers: { 'Content-Type': 'text/plain', ...as } }],
    ['/v1/imports', 200, { method: 'POST', body: csv, headers: { 'Content-Type': 'text/csv', ...as } }],
    ['/v1/imports?mapping=none', 400, { method: 'POST', body: csv, headers: { 'Content-Type': 'text/csv', ...as } }],
    ['/v1/exports?max_price=100000', 200],
    ['/v1/exports?max_price=100000&format=csv', 200],
    ['/v1/changes?limit=2', 200],
    ['/v1/changes?after=here', 400],
    ['/v1/cache', 200],
    ['/v1/cache', 401, { method: 'DELETE' }],
    ['/v1/cache', 204, { method: 'DELETE', headers: as }],
    ['/properties?limit=1', 200],
    ['/properties/?limit=1', 200],
    ['/properties/cache-metrics', 200],
    ['/properties/cache-metrics/', 200],
    ['/healthz', 200],
    ['/readyz', 200],
    ['/version', 200],
    ['/openapi.yaml', 200],
    ['/openapi.json', 200],
    ['/docs', 200],
    ['/problems', 200],
    ['/problems/not-found', 200],
    ['/problems/none', 404],
  ]
  for (const [path, status, init] of wanted) {
    const answer = await judged(new Request(proxy + path, init))
    await answer.arrayBuffer()
    expect(`${init?.method ?? 'GET'} ${path}: status`, answer.status, status)
  }
}

try {
  await listings()
  await oneListing()
  await everythingElse()
  console.log(`${exchanges} exchanges, and the proxy found nothing`)
} catch (fault) {
  console.error(String(fault))
  process.exitCode = 1
}
