// The TypeScript SDK's client against the server: node typescript.mjs FOLDER SERVER [ARGUMENT]...
// FOLDER holds many.csv, which takes long enough to load that progress is told. Each check that held is a line.
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const [folder, command, ...args] = process.argv.slice(2);
const client = new Client({ name: "typescript", version: "1.0.0" });
await client.connect(new StdioClientTransport({ command, args, env: process.env, stderr: "ignore" }));

const { tools } = await client.listTools();
assert.ok(tools.every((tool) => tool.outputSchema));
console.log(`lists ${tools.length} tools with output schemas`);

const answer = await client.callTool({ name: "query", arguments: { sql: "SELECT 7 AS a" } });
assert.deepEqual(answer.structuredContent.result, [{ a: 7 }]);
const large = await client.callTool({ name: "query", arguments: { sql: "SELECT 9007199254740993 AS a" } });
assert.equal(BigInt(large.structuredContent.result[0].a), 9007199254740993n);
console.log("sees the rows of a query");

for (const { name } of tools) {
  const refused = await client.callTool({ name, arguments: { no_such_argument: 1 } });
  assert.equal(refused.isError, true, name);
  const { error } = JSON.parse(refused.content[0].text);
  assert.equal(error.code, "INVALID_ARGUMENT", name);
  assert.match(error.message, /no_such_argument/, name);
  assert.ok(error.suggestion.length > 0, name);
  console.log(`sees code, message and suggestion of a refused ${name}`);
}

assert.deepEqual((await client.listPrompts()).prompts, []);
assert.deepEqual((await client.listResources()).resources, []);
assert.deepEqual((await client.listResourceTemplates()).resourceTemplates, []);
await assert.rejects(client.listTools({ cursor: "nobody gave this out" }), { code: -32602 });
console.log("gets empty lists, and no page that there is not");

const progress = [];
const load = { name: "load_file", arguments: { table: "many", path: `${folder}/many.csv` } };
const loaded = await client.callTool(load, undefined, { onprogress: (update) => progress.push(update.progress) });
assert.equal(loaded.structuredContent.rows, 200000);
assert.ok(progress.length > 0 && progress.every((done, at) => at === 0 || done > progress[at - 1]), `${progress}`);
console.log("is told the progress of a load");

const stop = new AbortController();
const sql = "SELECT count(*) AS n FROM generate_series(1, 100000) a, generate_series(1, 100000) b WHERE a.a + b.b < 0";
const slow = client.callTool({ name: "query", arguments: { sql } }, undefined, { signal: stop.signal });
setTimeout(() => stop.abort(), 300);
await assert.rejects(slow);
const after = await client.callTool({ name: "query", arguments: { sql: "SELECT count(*) AS n FROM many" } });
assert.deepEqual(after.structuredContent.result, [{ n: 200000 }]);
console.log("cancels a query and goes on");

await client.close();
