// A real OpenID Connect issuer on a loopback port, for the tests: `node issuer.mjs PORT KEYS`.
//
// PORT 0 is any free one; the issuer's URL is the first line on standard output. KEYS is a file with the private keys,
// made where there is none, so that an issuer that comes back has the keys that it had. It ends with its standard input.
//
// POST /test/rotate makes new keys, which sign from then on, and still tells the old ones; POST /test/retire tells only
// the newest.
import { createPrivateKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const AUDIENCE = 'urn:nam-needs:test';
// What each client signs by, and what its tokens claim. Their secrets are their names.
const CLIENTS = {
    admin: ['RS256', { name: 'Ada', realm_access: { roles: ['ADMIN', 'uma_authorization'] } }],
    desk: ['RS256', { name: 'Desk', realm_access: { roles: ['COORDINATOR'] } }],
    focal: ['ES256', { name: 'Focal point', realm_access: { roles: ['FOCAL_POINT'] }, country: 'BGD' }],
    responder: ['EdDSA', { name: 'Responder', realm_access: { roles: ['RESPONDER'] }, organization: ['WHO'] }],
    stranger: ['RS256', { realm_access: { roles: ['FOCAL_POINT'] }, country: 'ATLANTIS' }],
};

const [port, file] = process.argv.slice(2);
let keys = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
let answer;

// By way of PEM: to export a key right from the pair that was generated hangs for good where the garbage collector ends
// the generation in the middle of it (seen on Node 20: both take the lock of that key).
function made() {
    const pairs = [
        ['RS256', 'rsa', { modulusLength: 2048 }],
        ['ES256', 'ec', { namedCurve: 'P-256' }],
        ['EdDSA', 'ed25519', {}],
    ];
    const privateKeyEncoding = { type: 'pkcs8', format: 'pem' };
    const publicKeyEncoding = { type: 'spki', format: 'pem' };
    return pairs.map(([alg, type, options]) => {
        const { privateKey } = generateKeyPairSync(type, { ...options, privateKeyEncoding, publicKeyEncoding });
        return { ...createPrivateKey(privateKey).export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg };
    });
}

function serve(issuer) {
    writeFileSync(file, JSON.stringify(keys));
    const provider = new Provider(issuer, {
        jwks: { keys },
        clients: Object.keys(CLIENTS).map((name) => ({
            client_id: name,
            client_secret: name,
            grant_types: ['client_credentials'],
            redirect_uris: [],
            response_types: [],
        })),
        features: {
            devInteractions: { enabled: false },
            clientCredentials: { enabled: true },
            resourceIndicators: {
                enabled: true,
                getResourceServerInfo: (_, audience, client) => ({
                    audience,
                    scope: '',
                    accessTokenFormat: 'jwt',
                    accessTokenTTL: 600,
                    jwt: { sign: { alg: CLIENTS[client.clientId][0] } },
                }),
            },
        },
        extraTokenClaims: (_, token) => CLIENTS[token.clientId][1],
        ttl: { ClientCredentials: 600 },
    });
    answer = provider.callback();
}

const server = createServer((request, response) => {
    const issuer = `http://127.0.0.1:${server.address().port}`;
    if (request.method === 'POST' && request.url.startsWith('/test/')) {
        keys = request.url === '/test/rotate' ? [...made(), ...keys] : keys.slice(0, 3);
        serve(issuer);
        response.end();
    } else {
        answer(request, response);
    }
});
server.listen(Number(port), '127.0.0.1', () => {
    const issuer = `http://127.0.0.1:${server.address().port}`;
    if (keys.length === 0) keys = made();
    serve(issuer);
    process.stdout.write(`${issuer} ${AUDIENCE}\n`);
});
process.stdin.resume().on('end', () => process.exit()).on('error', () => process.exit());
