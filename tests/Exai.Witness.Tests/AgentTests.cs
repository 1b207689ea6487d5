using System.Text.Json.Nodes;
using Exai.EndToEnd.Tests.Harness;
using Exai.Simulator;
using Exai.Witness.Tests.Harness;

namespace Exai.Witness.Tests;

/// <summary>An agent whose loop other people wrote calls EXAI's tools through the shim, and goes on with what they say.</summary>
public sealed class AgentTests
{
    [Fact]
    public async Task Agent_calls_chat_and_debug_through_the_shim_and_uses_their_answers()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([new SimulatorRule { PromptContains = "channel", Answer = "A bounded channel is enough." }]);
        await using var agent = NodeScript.Start("agent.mjs", "@ai-sdk/mcp");
        var environment = new JsonObject([.. machine.Environment.Select(variable => KeyValuePair.Create(variable.Key, (JsonNode?)variable.Value))]);

        await agent.WriteLineAsync(new JsonObject
        {
            ["command"] = ExaiProgram.File,
            ["args"] = new JsonArray("shim"),
            ["env"] = environment,
            ["task"] = "Ask EXAI twice and tell me what it said.",
        }.ToJsonString());
        var said = JsonNode.Parse(await agent.ReadLineAsync(Patience.Token()))!;

        said["called"]!.AsArray().Select(tool => (string)tool!).ShouldBe(["chat", "debug"]);
        var text = (string)said["text"]!;
        text.ShouldStartWith("FINAL ANSWER.");
        text.ShouldContain("chat said:");
        text.ShouldContain("A bounded channel is enough.");
        text.ShouldContain("debug said:");
        machine.Simulator.Log.Chats.Count.ShouldBe(2);
    }
}
