// Signs OAuth 1.0 requests with the package oauth-1.0a, for the cross-check of
// the package oauth: jobs come in as lines of JSON, answers go out as such. The
// package only signs; to verify is to sign anew and to compare.
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const OAuth = require('oauth-1.0a');

function newClient(job) {
  const client = new OAuth({
    consumer: { key: job.key, secret: job.secret },
    signature_method: 'HMAC-SHA1',
    hash_function: (base, key) => crypto.createHmac('sha1', key).update(base).digest('base64'),
    realm: job.realm || undefined,
  });
  client.getNonce = () => job.nonce;
  client.getTimeStamp = () => job.timestamp;
  return client;
}

function sign(job) {
  const client = newClient(job);
  const request = { url: job.url, method: job.method };
  const signed = client.authorize(request);
  const { oauth_signature: _, ...protocol } = signed;
  const base = client.getBaseString(request, protocol);
  if (job.place === 'header') {
    return { url: job.url, header: client.toHeader(signed).Authorization, base };
  }
  let url = job.url;
  for (const name of Object.keys(signed).filter((n) => n.startsWith('oauth_'))) {
    url += (url.includes('?') ? '&' : '?') + client.percentEncode(name) + '=' + client.percentEncode(signed[name]);
  }
  return { url, base };
}

// protocolOf reads the protocol's parameters from a header, or cuts them from
// the end of a query.
function protocolOf(job) {
  const protocol = {};
  const take = (name, value) => { protocol[decodeURIComponent(name)] = decodeURIComponent(value); };
  if (job.place === 'header') {
    for (const [, name, value] of job.header.matchAll(/\b(oauth_\w+)="([^"]*)"/g)) take(name, value);
    return { protocol, url: job.url };
  }
  const at = job.url.search(/[?&]oauth_/);
  for (const piece of job.url.slice(at + 1).split('&')) take(...piece.split('='));
  return { protocol, url: job.url.slice(0, at) };
}

function verify(job) {
  const client = newClient(job);
  const { protocol, url } = protocolOf(job);
  const { oauth_signature: signature, ...rest } = protocol;
  const request = { url, method: job.method, data: {} };
  const base = client.getBaseString(request, { ...rest });
  return { valid: client.getSignature(request, undefined, { ...rest }) === signature, base };
}

for (const line of fs.readFileSync(0, 'utf8').split('\n')) {
  if (line === '') continue;
  const job = JSON.parse(line);
  let answer;
  try {
    answer = job.do === 'sign' ? sign(job) : verify(job);
  } catch (e) {
    answer = { error: String(e) };
  }
  console.log(JSON.stringify(answer));
}
