using Exai.Core.Admission;

namespace Exai.Core.Tests.Admission;

public sealed class PermitAuditTests
{
    private static readonly AdmissionOptions Wide = new() { GlobalLimit = 10, SessionLimit = 10, DefaultProviderLimit = 10 };

    /// <summary>Trap 57: the predecessor took every running call for a leak and released it.</summary>
    [Fact]
    public async Task Audit_of_running_attempts_finds_nothing_however_long_they_run()
    {
        using var world = new AdmissionWorld(Wide);
        await using var upkeep = new AdmissionUpkeep(world.Permits, new MemoryLimits(), TimeSpan.FromSeconds(30), world.Time, world.Log);
        var running = Enumerable.Range(0, 10).Select(_ => world.Ask("a")).ToList();
        var waiting = world.Ask("a");
        world.After(3600);
        world.Global.Held.ShouldBe(10);
        waiting.Waits.ShouldBeTrue();
        world.Permits.Counters.Lost.ShouldBe(0);
        world.Log.Entries.ShouldBeEmpty();
        running.ForEach(attempt => attempt.End());
    }

    /// <summary>Trap 59.</summary>
    [Fact]
    public async Task Permit_whose_owner_is_gone_is_taken_back_logged_and_counted_and_its_late_release_changes_nothing()
    {
        using var world = new AdmissionWorld(Wide with { GlobalLimit = 1 });
        await using var upkeep = new AdmissionUpkeep(world.Permits, new MemoryLimits(), TimeSpan.FromSeconds(30), world.Time, world.Log);
        var lost = world.Ask("a", call: "lost-call");
        var next = world.Ask("b");
        lost.Alive.Dispose();
        world.After(29);
        next.Waits.ShouldBeTrue();
        world.After(1);
        next.Runs.ShouldBeTrue();
        world.Permits.Counters.Lost.ShouldBe(1);
        world.Log.Errors.ShouldHaveSingleItem().ShouldContain("lost-call");

        lost.Held.Learn(ProviderSignal.Refused, TimeSpan.FromHours(1));
        lost.Held.Dispose();
        world.Global.Held.ShouldBe(1);
        world.Provider("glm").PausedUntil.ShouldBeNull();
    }

    /// <summary>A pipeline that forgets to register its attempts must not lose its permits for it.</summary>
    [Fact]
    public void Permit_of_an_attempt_that_never_registered_is_not_judged()
    {
        using var world = new AdmissionWorld(Wide);
        var request = new PermitRequest { CallId = "c", SessionId = "a", Provider = "glm", Model = "m" };
        world.Permits.AcquireAsync(request, CancellationToken.None).AsTask().IsCompletedSuccessfully.ShouldBeTrue();
        world.Permits.TakeBackLost().ShouldBeEmpty();
        world.Global.Held.ShouldBe(1);
    }

    /// <summary>Nobody waits any more for the one who was queued; what it is granted all the same comes back.</summary>
    [Fact]
    public void Permit_that_an_abandoned_wait_is_granted_is_taken_back()
    {
        using var world = new AdmissionWorld(Wide with { GlobalLimit = 1 });
        var running = world.Ask("a");
        var abandoned = world.Ask("a");
        abandoned.Alive.Dispose();
        running.End();
        world.Permits.TakeBackLost().ShouldBe([abandoned.Alive.Owner]);
        world.Global.Held.ShouldBe(0);
    }
}

/// <summary>What is learned, kept in memory; counts how often it is written.</summary>
internal sealed class MemoryLimits : ILearnedLimits
{
    public IReadOnlyList<LearnedLimit> Kept { get; set; } = [];

    public int Saves { get; private set; }

    public Exception? Failure { get; set; }

    public ValueTask<IReadOnlyList<LearnedLimit>> LoadAsync(CancellationToken cancellationToken) =>
        Failure is null ? ValueTask.FromResult(Kept) : throw Failure;

    public ValueTask SaveAsync(IReadOnlyList<LearnedLimit> limits, CancellationToken cancellationToken)
    {
        if (Failure is not null)
        {
            throw Failure;
        }

        Kept = limits;
        Saves++;
        return ValueTask.CompletedTask;
    }
}
