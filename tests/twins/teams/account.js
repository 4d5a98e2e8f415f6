// The account with which Teams' client is signed in, kept as Microsoft's library (MSAL) keeps it: the account and its tokens by key, in
// localStorage, and in variant b in sessionStorage. A token that is over is got anew at the login, which knows the account by its cookie.

import { about } from "../lib/client.js";

const CLIENT = "5e3ce6c0-2b1f-4285-8d4b-75ee78787346";
const REQUEST = `msal.${CLIENT}.request.state`;
const LOGIN = location.hostname.endsWith(".live.com") ? "https://login.live.com/oauth20_authorize.srf" : "https://login.microsoftonline.com/common/oauth2/v2.0/authorize";
const kept = about.variant === "b" ? sessionStorage : localStorage;
const read = (name) => JSON.parse(kept.getItem(name) ?? "null");

function account() {
  const [key] = read("msal.account.keys") ?? [];
  return key ? read(key) : null;
}

function token() {
  const [key] = read(`msal.token.keys.${CLIENT}`)?.accessToken ?? [];
  const entry = key ? read(key) : null;
  return entry && Number(entry.expiresOn) * 1000 > Date.now() ? entry.secret : null;
}

// What the login sent along, if this tab has asked for it.
function takeAnswer() {
  const answer = new URLSearchParams(location.hash.slice(1));
  if (!answer.has("code") || answer.get("state") !== sessionStorage.getItem(REQUEST)) return;
  const name = answer.get("code");
  const [id, key] = [`${name}-login.windows.net`, `${name}-login.windows.net-accesstoken`];
  sessionStorage.removeItem(REQUEST);
  kept.setItem("msal.account.keys", JSON.stringify([id]));
  kept.setItem(id, JSON.stringify({ name }));
  kept.setItem(`msal.token.keys.${CLIENT}`, JSON.stringify({ accessToken: [key] }));
  kept.setItem(key, JSON.stringify({ secret: `token of ${name}`, expiresOn: String(Math.floor(Date.now() / 1000) + 3600) }));
  history.replaceState(null, "", location.pathname + location.search);
}

export function goToLogin() {
  sessionStorage.setItem(REQUEST, crypto.randomUUID());
  const back = location.origin + location.pathname + location.search;
  const asked = new URLSearchParams({ client_id: CLIENT, code: about.code, state: sessionStorage.getItem(REQUEST), redirect_uri: back });
  location.replace(`${LOGIN}?${asked}`);
}

// Who is signed in: { name, token }; null for a guest. Never comes back where the login has to be asked first.
export async function whoIsSignedIn() {
  takeAnswer();
  const known = account();
  if (!known) return null;
  const secret = token();
  if (secret) return { name: known.name, token: secret };
  goToLogin();
  return new Promise(() => {});
}
