"""The client of Python's `mcp` against the server: python python.py FOLDER SERVER [ARGUMENT]...

FOLDER holds many.csv, which takes long enough to load that progress is told. Each check that held is a line.
"""

import json
import os
import sys

import anyio
from mcp import ClientSession, StdioServerParameters, stdio_client

SLOW = "SELECT count(*) AS n FROM generate_series(1, 100000) a, generate_series(1, 100000) b WHERE a.a + b.b < 0"


async def main(folder: str, command: str, *arguments: str) -> None:
    parameters = StdioServerParameters(command=command, args=list(arguments), env=dict(os.environ))
    with open(os.devnull, "w") as nowhere:
        async with stdio_client(parameters, errlog=nowhere) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            await checks(session, folder)


async def checks(session: ClientSession, folder: str) -> None:
    tools = (await session.list_tools()).tools
    assert all(tool.output_schema for tool in tools)
    print(f"lists {len(tools)} tools with output schemas")

    answer = await session.call_tool("query", {"sql": "SELECT 7 AS a"})
    assert answer.structured_content["result"] == [{"a": 7}], answer
    print("sees the rows of a query")

    for tool in tools:
        refused = await session.call_tool(tool.name, {"no_such_argument": 1})
        assert refused.is_error, tool.name
        error = json.loads(refused.content[0].text)["error"]
        assert error["code"] == "INVALID_ARGUMENT" and "no_such_argument" in error["message"], error
        assert error["suggestion"], error
        print(f"sees code, message and suggestion of a refused {tool.name}")

    assert (await session.list_prompts()).prompts == []
    assert (await session.list_resources()).resources == []
    assert (await session.list_resource_templates()).resource_templates == []
    print("gets empty lists")

    progress: list[float] = []

    async def on_progress(done: float, total: float | None, message: str | None) -> None:
        progress.append(done)

    load = {"table": "many", "path": f"{folder}/many.csv"}
    loaded = await session.call_tool("load_file", load, progress_callback=on_progress)
    assert loaded.structured_content["rows"] == 200_000, loaded
    assert progress and progress == sorted(set(progress)), progress
    print("is told the progress of a load")

    with anyio.move_on_after(0.3) as scope:
        await session.call_tool("query", {"sql": SLOW})
    assert scope.cancelled_caught
    after = await session.call_tool("query", {"sql": "SELECT count(*) AS n FROM many"})
    assert after.structured_content["result"] == [{"n": 200_000}], after
    print("cancels a query and goes on")


anyio.run(main, *sys.argv[1:])
