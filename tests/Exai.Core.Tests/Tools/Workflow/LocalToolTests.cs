using Exai.Core.Tests.Calls;
using Exai.Core.Tools;
using Exai.Core.Tools.Local;
using System.Text.Json;

namespace Exai.Core.Tests.Tools.Workflow;

/// <summary>planner, tracer, docgen and challenge ask no model.</summary>
public sealed class LocalToolTests
{
    [Fact]
    public void Planner_keeps_revisions_and_branches_and_returns_the_plan() => CallWorld.Run(async world =>
    {
        var daemon = world.Start();
        var first = await daemon.AskAsync(world.Call("planner", new { step = "Move to the new store.", step_number = 1, total_steps = 5, next_step_required = true }));
        var thread = first.Receipt.ThreadId;
        await daemon.AskAsync(world.Call("planner", new
        {
            step = "Write to both.",
            step_number = 2,
            total_steps = 5,
            next_step_required = true,
            is_branch_point = true,
            branch_from_step = 1,
            branch_id = "both",
            continuation_id = thread,
        }));
        await daemon.KillAsync();
        var last = await world.Start().AskAsync(world.Call("planner", new
        {
            step = "Move in one night.",
            step_number = 3,
            total_steps = 5,
            next_step_required = false,
            is_step_revision = true,
            revises_step_number = 1,
            continuation_id = thread,
        }));

        first.Text.ShouldContain("This is a large plan");
        last.Text.ShouldContain("1. Move to the new store.\n2. (branch both) Write to both.\n3. (revises step 1) Move in one night.");
        world.Provider.Requests.ShouldBeEmpty();
        last.Receipt.Model.ShouldBeNull();
    });

    [Fact]
    public void Tracer_asks_for_its_mode_and_then_says_how_to_show_the_trace() => CallWorld.Run(async world =>
    {
        var daemon = world.Start();
        var asked = await daemon.AskAsync(world.Call("tracer", new { step = "Trace Save.", trace_mode = "ask", target_description = "Store.Save", findings = "f", next_step_required = false }));
        var traced = await daemon.AskAsync(world.Call("tracer", new
        {
            step = "Followed it.",
            step_number = 2,
            trace_mode = "dependencies",
            target_description = "Store.Save",
            findings = "uses Disk",
            continuation_id = asked.Receipt.ThreadId,
        }));

        asked.Text.ShouldContain("Choose how to trace");
        traced.Text.ShouldStartWith("The trace is complete. Show it to the user as two lists");
        traced.Text.ShouldContain("uses Disk");
        world.Provider.Requests.ShouldBeEmpty();
    });

    [Fact]
    public void Docgen_does_not_end_before_its_numbers_meet() => CallWorld.Run(async world =>
    {
        var daemon = world.Start();
        var early = await daemon.AskAsync(world.Call("docgen", new { step = "Two files.", num_files_documented = 1, total_files_to_document = 2, next_step_required = false }));
        var done = await daemon.AskAsync(world.Call("docgen", new
        {
            step = "The second.",
            step_number = 2,
            num_files_documented = 2,
            total_files_to_document = 2,
            next_step_required = false,
            continuation_id = early.Receipt.ThreadId,
        }));

        early.Text.ShouldContain("1 of 2 files are documented; the rest is still to do.");
        done.Text.ShouldStartWith("All files are documented (2 of 2).");
    });

    [Fact]
    public async Task Challenge_turns_a_statement_into_a_task_to_doubt_it()
    {
        var text = await new ChallengeTool().AnswerAsync(new ToolArguments("challenge", JsonElement.Parse("""{"prompt":"Locks are free.\nAlways."}""")), CancellationToken.None);

        text.ShouldStartWith("Before you answer, question this statement");
        text.ShouldContain("> Locks are free.\n> Always.");
    }
}
