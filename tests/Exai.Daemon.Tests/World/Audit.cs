using System.Globalization;
using Exai.Core.Calls;

namespace Exai.Daemon.Tests.World;

/// <summary>What must hold of the journal and of the daemons when all is done.</summary>
internal sealed class Audit(SimulatedWorld world, WorldDaemon serving)
{
    public async Task RunAsync()
    {
        List<CallRecord> calls = [];
        foreach (var booked in world.Book.Calls)
        {
            var call = await serving.Store.FindAsync(booked.CallId, CancellationToken.None);
            world.Book.Check(call is not null, $"'{booked.Prompt}' is not in the journal");
            if (call is not null)
            {
                calls.Add(call);
                world.Book.Check(call.Outcome?.Text == booked.Outcome?.Text, $"'{booked.Prompt}' ended {booked.Outcome?.Text ?? "not"}, and the journal has {call.Outcome?.Text ?? "nothing"}");
                world.Book.Check(call.Runs == booked.Runs, $"'{booked.Prompt}' had {booked.Runs} runs, and the journal has {call.Runs}");
            }
        }

        foreach (var thread in calls.GroupBy(call => call.ThreadId, StringComparer.Ordinal))
        {
            await CheckThreadAsync(thread.Key, [.. thread.Where(call => call.State == CallState.Succeeded).OrderBy(call => call.ThreadPlace)]);
        }

        CheckPermits();
        var errors = world.Log.Errors.Where(error => !error.Contains("could not be journaled", StringComparison.Ordinal) && !error.Contains("This process is dead", StringComparison.Ordinal)
            && !error.Contains("The store is closed", StringComparison.Ordinal) && !error.Contains("disk is full", StringComparison.Ordinal));
        errors.ShouldBeEmpty();
    }

    /// <summary>Its turns are its calls' answers in order, and each was given to exactly the turns before it.</summary>
    private async Task CheckThreadAsync(string threadId, IReadOnlyList<CallRecord> succeeded)
    {
        var turns = (await serving.Threads.FindAsync(threadId, CancellationToken.None))?.Turns ?? [];
        turns.Select(turn => turn.CallId).ShouldBe(succeeded.Select(call => call.CallId), $"the turns of {threadId}");
        for (var index = 0; index < turns.Count; index++)
        {
            var number = int.Parse(turns[index].Answer.Split(' ')[1], CultureInfo.InvariantCulture);
            world.Requests[number - 1].Messages.Skip(1).SkipLast(1).Select(message => message.Text)
                .ShouldBe(turns.Take(index).SelectMany(turn => (string[])[turn.Question, turn.Answer]), $"what was asked with turn {index + 1} of {threadId}");
        }
    }

    private void CheckPermits()
    {
        foreach (var daemon in world.Daemons.Where(daemon => daemon.Lives))
        {
            var admission = daemon.Admission;
            var running = daemon.Calls.Running;
            world.Book.Check(admission.Leaks == 0, $"{admission.Leaks} permits leaked in {daemon.Epoch}");
            world.Book.Check(
                admission.Global.Held + admission.Global.Queued <= running, $"{admission.Global.Held} permits held and {admission.Global.Queued} attempts queued in {daemon.Epoch} for {running} calls");
        }
    }
}
