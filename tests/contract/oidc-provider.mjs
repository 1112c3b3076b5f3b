// An OpenID provider on loopback that signs everybody in as the account that the query names.
// Arguments: the folder with node_modules, and where people come back to. Prints its port.
import http from "node:http";
import { pathToFileURL } from "node:url";

const [folder, back] = process.argv.slice(2);
const library = pathToFileURL(`${folder}/node_modules/oidc-provider/lib/index.js`);
const { Provider } = await import(library);

const server = http.createServer();
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const { port } = server.address();

const accounts = {
  ada: { email: "Ada@corp.example", email_verified: true },
  unverified: { email: "ada@corp.example", email_verified: false },
  stranger: { email: "stranger@corp.example", email_verified: true },
};
const client = {
  redirect_uris: [back],
  response_types: ["code"],
  grant_types: ["authorization_code"],
};
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    { ...client, client_id: "cordon", client_secret: "a secret: with % and +" },
    { ...client, client_id: "public", token_endpoint_auth_method: "none" },
  ],
  pkce: { required: () => true },
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts[id] }) }),
  cookies: { keys: ["only for tests"] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, { uid }) => `/interaction/${uid}` },
});

let account = "ada";
server.on("request", async (request, response) => {
  if (request.url.startsWith("/as/")) {
    account = request.url.slice("/as/".length);
    return response.end();
  }
  if (!request.url.startsWith("/interaction/")) return provider.callback()(request, response);
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === "login") {
    const login = { accountId: account };
    return provider.interactionFinished(request, response, { login });
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope("openid email");
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
});
console.log(port);
