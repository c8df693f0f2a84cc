// SPDX-License-Identifier: GPL-3.0-or-later
//
// A real authorization server, that others wrote (npm oidc-provider), before the bank stand-in: whoever brings a token that
// it gave and still holds good reaches the stand-in, and nobody else. Every person says yes at once. What goes wrong is told
// by its control port: {"drop": n} the next n renewals never reach it, {"cut": n} its answers to them never leave it, {"late": ms}, {"iss": "…"} what its page calls
// itself, {"stale": true} every access token given so far is refused, {"deny": true} the person says no, {"gone": true} every
// grant is taken back, {"lifetime": …} what it calls the lifetime of its tokens (null: nothing), {"bank": "…", "token": "…"} where the stand-in is.
//
// Usage: node authorization-server.mjs KEYS.json. It prints one JSON line: url, control. It ends with its standard input.

import http from 'node:http'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import path from 'node:path'

const require = createRequire(path.join(process.cwd(), 'package.json'))
const { Provider } = await import(pathToFileURL(require.resolve('oidc-provider')))

const jwk = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const fault = {}
const heard = []
const secrets = new Set()
let given = 0
let goodSince = 0
let bank = null

const shared = {
  application_type: 'native',
  redirect_uris: [...['', '-rs256', '-ps256', '-es256'].map((end) => 'http://127.0.0.1/signs-in' + end), 'https://app.bank.example/done'],
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  response_types: ['code'],
}
const clients = [
  { ...shared, client_id: 'public', token_endpoint_auth_method: 'none' },
  { ...shared, client_id: 'posts', client_secret: 'CANARY-client-secret-0123456789abcdef', token_endpoint_auth_method: 'client_secret_post' },
  { ...shared, client_id: 'basic', client_secret: 'CANARY+client/secret%0123456789ab', token_endpoint_auth_method: 'client_secret_basic' },
  { ...shared, client_id: 'pushes', client_secret: 'CANARY-client-secret-0123456789abcdef', token_endpoint_auth_method: 'client_secret_post', require_pushed_authorization_requests: true },
  ...['RS256', 'PS256', 'ES256'].map((alg) => ({ ...shared, client_id: 'signs-' + alg, token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: alg, jwks: { keys: [jwk[alg]] } })),
  { ...shared, client_id: 'objects', token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'PS256', request_object_signing_alg: 'PS256', jwks: { keys: [jwk.PS256] } },
]

const server = http.createServer()
await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
const url = `http://127.0.0.1:${server.address().port}`

const provider = new Provider(url, {
  clients,
  cookies: { keys: ['a-throw-away-key'] },
  findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  features: {
    devInteractions: { enabled: false },
    deviceFlow: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    registration: { enabled: true },
    requestObjects: { enabled: true },
    revocation: { enabled: true },
    clientCredentials: { enabled: true },
  },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  issueRefreshToken: () => true,
  rotateRefreshToken: () => true,
  pkce: { required: () => true },
  scopes: ['accounts', 'openid', 'offline_access'],
  ttl: { AccessToken: 3600, RefreshToken: 86400, Grant: 86400, Session: 3600, Interaction: 3600, DeviceCode: 600, AuthorizationCode: 60 },
})
provider.proxy = true

async function sayYes (req, res) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(req, res)
  if (fault.deny) return provider.interactionFinished(req, res, { error: 'access_denied' })
  if (prompt.name === 'login') return provider.interactionFinished(req, res, { login: { accountId: 'person' } })
  const grant = grantId ? await provider.Grant.find(grantId) : new provider.Grant({ accountId: session.accountId, clientId: params.client_id })
  grant.addOIDCScope('openid accounts offline_access')
  return provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true })
}

async function askBank (req, res, body) {
  const token = (req.headers.authorization || '').replace(/^Bearer /, '')
  const found = token && await provider.AccessToken.find(token)
  if (!found || found.iat < goodSince || fault.gone) {
    res.writeHead(401, { 'content-type': 'application/json' })
    return res.end('{"errors":[{"status":"401","title":"Not Authorized","detail":"the token is not good"}]}')
  }
  const to = new URL(bank.url + req.url)
  const asked = http.request(to, { method: req.method, headers: { ...req.headers, host: to.host, authorization: 'Bearer ' + bank.token } }, (answer) => {
    res.writeHead(answer.statusCode, answer.headers)
    answer.pipe(res)
  })
  asked.on('error', () => { res.writeHead(502); res.end() })
  asked.end(body)
}

const callback = provider.callback()
const own = /^\/(auth|token|request|reg|device|interaction|jwks|session|\.well-known)([/?]|$)/

function rename (res) {
  const writeHead = res.writeHead.bind(res)
  const setHeader = res.setHeader.bind(res)
  res.setHeader = (name, value) => setHeader(name, name.toLowerCase() === 'location' && fault.iss ? String(value).replace(/iss=[^&]*/, 'iss=' + encodeURIComponent(fault.iss)) : value)
  res.writeHead = writeHead
}

/** Whatever nobody but the client and we may ever see. */
function note (text, names) {
  try {
    const object = text.startsWith('{') ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text))
    for (const name of names) if (object[name]) secrets.add(object[name])
  } catch {}
}

/** A token's lifetime as a bank that cannot count would say it. */
function reword (text) {
  const answer = JSON.parse(text)
  if (!answer.access_token) return text
  if (fault.lifetime === null) delete answer.expires_in
  else answer.expires_in = fault.lifetime
  return JSON.stringify(answer)
}

/** False: it never came. */
function harm (req, res, body) {
  const grant = new URLSearchParams(body).get('grant_type')
  heard.push({ path: req.url, grant, at: Date.now() })
  note(body, ['code', 'code_verifier', 'refresh_token', 'client_secret', 'client_assertion', 'device_code'])
  const end = res.end.bind(res)
  res.end = (text, ...more) => { given++; note(String(text), ['access_token', 'refresh_token', 'id_token']); return end(text, ...more) }
  if (fault.lifetime !== undefined) {
    const told = res.end
    res.end = (text, ...more) => told(reword(String(text)), ...more)
    const setHeader = res.setHeader.bind(res)
    res.setHeader = (name, value) => name.toLowerCase() === 'content-length' ? res : setHeader(name, value)
  }
  if (grant === 'refresh_token' && fault.drop > 0) {
    fault.drop--
    req.socket.destroy()
    return false
  }
  if (grant === 'refresh_token' && fault.cut > 0) {
    fault.cut--
    res.end = () => { given++; req.socket.destroy() }
    res.write = () => true
  }
  return true
}

server.on('request', (req, res) => {
  const pieces = []
  req.on('data', (piece) => pieces.push(piece))
  req.on('end', async () => {
    const body = Buffer.concat(pieces)
    req.body = undefined
    try {
      if (!own.test(req.url)) return await askBank(req, res, body)
      if (req.url.startsWith('/interaction/')) return await sayYes(req, res)
      rename(res)
      if (req.url.startsWith('/token') && !harm(req, res, body.toString())) return
      if (req.url.startsWith('/token') && fault.late) await new Promise((later) => setTimeout(later, fault.late))
      const { Readable } = await import('node:stream')
      const again = Object.assign(Readable.from(body.length ? [body] : []), { method: req.method, url: req.url, headers: req.headers, rawHeaders: req.rawHeaders, socket: req.socket, connection: req.socket, httpVersion: req.httpVersion, httpVersionMajor: 1, httpVersionMinor: 1, complete: true })
      callback(again, res)
    } catch (error) {
      console.error(error)
      if (!res.headersSent) res.writeHead(500)
      res.end()
    }
  })
})

provider.on('server_error', (ctx, error) => console.error(error))

const control = http.createServer((req, res) => {
  const pieces = []
  req.on('data', (piece) => pieces.push(piece))
  req.on('end', async () => {
    const wish = pieces.length ? JSON.parse(Buffer.concat(pieces)) : {}
    if (wish.stale) { goodSince = Math.floor(Date.now() / 1000) + 1; await new Promise((later) => setTimeout(later, 1100)) }
    if (wish.bank) bank = { url: wish.bank, token: wish.token }
    if (wish.forget) heard.length = 0
    Object.assign(fault, wish)
    res.end(JSON.stringify({ heard, given, secrets: [...secrets] }))
  })
})
await new Promise((ready) => control.listen(0, '127.0.0.1', ready))
console.log(JSON.stringify({ url, control: `http://127.0.0.1:${control.address().port}` }))
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
