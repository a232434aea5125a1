/**
 * The page around GraphiQL: a bar with the token, then the editor. What runs in the browser stands here as text, since
 * nothing of the gateway reaches there. The token is tried before the editor opens, goes with every request by itself
 * and is kept, as all that is typed, for this tab only.
 */

const icon = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect x='1' y='4' width='14' height='10' rx='2' fill='%23345'/%3E%3Cpath d='M1 8h14M8 7v3' stroke='%23fff' stroke-width='1.5'/%3E%3C/svg%3E";

const style = `
:root { color-scheme: light dark }
body { display: flex; flex-direction: column; height: 100vh; font: 15px/1.5 Roboto, sans-serif; background: light-dark(#fff, #212a3b); color: light-dark(#3b4b68, #b7c2d7) }
body.graphiql-light { color-scheme: light }
body.graphiql-dark { color-scheme: dark }
.bar { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 16px; padding: 8px 16px 0 }
.bar form { display: flex; align-items: center; gap: 8px; flex: 0 1 560px }
.bar form[hidden] { display: none }
.bar input { flex: 1; min-width: 80px; font: inherit; padding: 2px 8px; border: 1px solid currentColor; border-radius: 4px; background: transparent; color: inherit }
.bar button { font: inherit; padding: 2px 12px; border: 0; border-radius: 4px; background: #3b4b68; color: #fff; cursor: pointer }
.bar button:disabled { opacity: .6; cursor: default }
#out { margin-left: auto }
.bar .bad { color: light-dark(#b3261e, #ff8a75) }
.intro { max-width: 40rem; margin: 12vh auto; padding: 0 16px }
.intro code { font-family: 'Fira Code', monospace; font-size: .9em }
#editor { flex: 1; min-height: 0 }
#editor:empty { display: none }
#editor .graphiql-container { width: 100%; height: 100% }
#editor .graphiql-logo { display: none }
`;

/** What the first visit begins with. {datastore}, {flavor} and {users} become what can be had here. */
const queries = [
  `query Instances {
  instances(first: 20) {
    totalCount
    edges {
      node {
        id name status
        datastoreVersion { name datastore { name } }
        endpoints { uri }
      }
    }
  }
}
`,
  `# The user's password is told this once.
mutation Create {
  createInstance(input: {
    name: "first"
    datastore: "{datastore}"
    flavor: "{flavor}"
    volume: { sizeGb: 1 }
    {users}
  }) {
    ... on CreateInstancePayload {
      instance { id name status }
      userCredentials { name password }
    }
    ... on Error { code message remedy }
  }
}
`,
  `# Every change as it happens: make one in
# another window, or on the command line.
subscription Watch {
  instances {
    ... on InstanceListSnapshot { instances { name status } }
    ... on InstanceUpserted {
      instance { name status task { kind step progress } }
    }
    ... on InstanceRemoved { id }
  }
}
`,
];

const script = String.raw`
const key = 'coffer.token';
const at = (id) => document.getElementById(id);
const say = (text, isBad) => { at('said').textContent = text; at('said').className = isBad ? 'bad' : ''; };
let token = '';

async function ask(given) {
  if (!/^[\x21-\x7e]+$/.test(given)) throw new Error('A token has neither spaces nor letters like these. Copy it again, without the quotes or anything around it.');
  const query = '{ viewer { actor role project { name } } datastores(first: 1) { edges { node { name defaultVersion { capabilities flavors { name } } } } } }';
  const response = await fetch(location.pathname, {
    method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json', authorization: 'Bearer ' + given },
    body: JSON.stringify({ query }), signal: AbortSignal.timeout(15000),
  }).catch(() => { throw new Error('Coffer does not answer at ' + location.host + '. Is it running?'); });
  const { data, errors } = await response.json().catch(() => { throw new Error('HTTP ' + response.status + ', but not from Coffer.'); });
  if (response.status === 401) throw Object.assign(new Error('Not accepted: this token is not known, has expired or was revoked.'), { isRefused: true });
  if (!data) throw new Error(errors[0].message);
  return data;
}

function open({ viewer, datastores }) {
  const { name = '', defaultVersion } = datastores?.edges[0]?.node ?? {};
  const users = defaultVersion?.capabilities.includes('DATABASES') ? 'databases: [{ name: "app" }]\n    users: [{ name: "app", databases: ["app"] }]' : 'users: [{ name: "app" }]';
  const fill = (query) => query.replace('{datastore}', name).replace('{flavor}', defaultVersion?.flavors[0]?.name ?? '').replace('{users}', users);
  at('form').hidden = true;
  at('intro').hidden = true;
  at('out').hidden = false;
  say('You are ' + viewer.actor + ', ' + viewer.role.toLowerCase() + (viewer.project ? ' of ' + viewer.project.name : ''));
  const [first, ...others] = self.cofferQueries.map(fill);
  YogaGraphiQL.renderYogaGraphiQL(at('editor'), {
    defaultQuery: first, defaultTabs: [first, ...others].map((query) => ({ query })), title: 'Coffer',
    additionalHeaders: () => ({ authorization: 'Bearer ' + token }), isHeadersEditorEnabled: false, shouldPersistHeaders: false,
    storage: sessionStorage, subscriptionsProtocol: 'SSE', method: 'POST',
    onEditQuery() {}, // otherwise what is typed, passwords included, goes into the address and the history
  });
}

async function enter(given) {
  token = given.trim().replace(/^Bearer\s+/i, '');
  if (token === '') return;
  at('use').disabled = true;
  say('Trying the token …');
  try {
    const answer = await ask(token);
    sessionStorage.setItem(key, token);
    at('token').value = '';
    open(answer);
  } catch (error) {
    if (error.isRefused) sessionStorage.removeItem(key);
    say(error.message, true);
    at('token').focus();
  } finally {
    at('use').disabled = false;
  }
}

at('form').addEventListener('submit', (event) => { event.preventDefault(); enter(at('token').value); });
at('out').addEventListener('click', () => { sessionStorage.clear(); location.reload(); });
enter(sessionStorage.getItem(key) ?? '');
`;

export interface Editor { js: string; css: string; workers: Readonly<Record<string, string>> }

/** Inside a script element nothing may look like its end. */
const json = (value: unknown): string => JSON.stringify(value).replaceAll('<', String.raw`\u003c`);

/** `scripts` are those of the page, as a policy that allows them by their hash needs them. */
export function renderGraphiqlPage({ js, css, workers }: Editor): { html: string; scripts: string[] } {
  const scripts = [
    `const workers = Object.fromEntries(Object.entries(${json(workers)}).map(([label, code]) => [label, URL.createObjectURL(new Blob([code], { type: 'text/javascript' }))]));
self.MonacoEnvironment = { globalAPI: false, getWorkerUrl: (_module, label) => workers[label] };
self.cofferQueries = ${json(queries)};`,
    js, `(() => {${script}})();`,
  ];
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Coffer</title>
<link rel="icon" href="${icon}">
<style>${css}${style}</style>
</head>
<body>
<header class="bar">
<strong>Coffer</strong>
<form id="form"><label for="token">Token</label><input id="token" type="password" autocomplete="off" spellcheck="false" autofocus><button id="use">Use it</button></form>
<span id="said" role="status"></span>
<button id="out" hidden>Forget the token</button>
</header>
<main id="intro" class="intro">
<p>Put a token into the field above. The first one is in <code>$COFFER_HOME/admin-token</code>; others are made with <code>coffer token create</code>.</p>
<p>It is kept for this tab only and sent to this address alone.</p>
<noscript>This page needs JavaScript.</noscript>
</main>
<div id="editor"></div>
${scripts.map((code) => `<script>${code}</script>`).join('\n')}
</body>
</html>
`;
  return { html, scripts };
}
