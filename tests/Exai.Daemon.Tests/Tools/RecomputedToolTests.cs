using System.Text.Json;
using Exai.Core.Calls;
using Exai.Protocol;

namespace Exai.Daemon.Tests.Tools;

/// <summary>What a tool's descriptor says of the journal is what the daemon does: the shim goes by the descriptor.</summary>
public sealed class RecomputedToolTests
{
    [Fact]
    public async Task Tools_that_the_daemon_answers_outside_the_journal_are_those_that_say_so()
    {
        await using var rig = await ToolRig.StartAsync();
        var answered = new List<string>();
        foreach (var tool in ToolCatalogue.All)
        {
            // Without its arguments a journaled call fails before it asks anybody.
            using var attachment = rig.Core.Tools.Attach(new CallRequest
            {
                CallId = CallId.New(TimeProvider.System),
                Tool = tool.Name,
                Arguments = JsonElement.Parse("{}"),
                SessionId = "session",
            });
            if (attachment is null)
            {
                answered.Add(tool.Name);
            }
            else
            {
                (await attachment.Outcome.WaitAsync(Patience.Token())).State.ShouldBe(CallState.Failed, tool.Name);
            }
        }

        answered.ShouldBe(ToolCatalogue.All.Where(tool => tool.Recomputed).Select(tool => tool.Name));
        ToolCatalogue.All.Select(tool => tool.Name).Where(ToolCatalogue.IsRecomputed).ShouldBe(answered);
        ToolCatalogue.IsRecomputed("self_check_EXAI-WS").ShouldBeTrue("an old name is the tool's");
        ToolCatalogue.IsRecomputed("nothing").ShouldBeFalse();
    }
}
