namespace Exai.Torture;

internal enum CallKind
{
    Chat,
    LongChat,
    Turn,
    Consensus,
    Planner,
    Version,
    Status,
    ListModels,
}

/// <summary>What the provider does to a call's first request; <see cref="Refuses"/> to all of them.</summary>
internal enum Trouble
{
    None,
    RateLimit,
    ServerError,
    Drop,
    Hang,
    Refuses,
}

/// <summary>What befalls one daemon and its wires; in a cluster, what befalls one of several, their balancer or their database.</summary>
internal enum FaultKind
{
    Kill,
    KillTwice,
    Terminate,
    Pause,
    Restart,
    Cut,
    HalfOpen,
    Slow,

    /// <summary>SIGTERM, and a new daemon when it has ended.</summary>
    Drain,

    /// <summary>The same, and the new one is of the other version.</summary>
    Roll,

    /// <summary>SIGSTOP, shorter than a lease.</summary>
    ShortPause,

    /// <summary>SIGSTOP, longer than a lease.</summary>
    LongPause,

    /// <summary>Nothing passes between a daemon and shims, balancer and health checks.</summary>
    LosesShims,

    /// <summary>Nothing passes between a daemon and the database.</summary>
    LosesDatabase,

    /// <summary>Nothing passes but what goes to the provider.</summary>
    LosesAll,

    /// <summary>kill -9, and a new one after a while.</summary>
    BalancerKill,

    /// <summary>SIGTERM, and a new one at once.</summary>
    BalancerRestart,

    /// <summary><c>pg_ctl restart -m immediate</c>.</summary>
    DatabaseCrash,

    /// <summary><c>pg_ctl restart -m fast</c>.</summary>
    DatabaseRestart,

    /// <summary>SIGSTOP of all its processes.</summary>
    DatabasePause,
}

/// <param name="Lane">Which of a shim's two callers; one asks after the other's answer, not after its own.</param>
/// <param name="Goes">Whether it continues its lane's thread, if that has one.</param>
internal sealed record PlannedCall(int Number, int Shim, int Lane, CallKind Kind, Trouble Trouble, bool Goes, string Marker);

/// <param name="Moment">How long after it is due.</param>
/// <param name="Length">Of a fault that lasts.</param>
/// <param name="Target">Which of several daemons.</param>
internal sealed record PlannedFault(int Number, FaultKind Kind, TimeSpan Moment, TimeSpan Length, int Target = 0);

/// <summary>All that is left to chance, drawn from the seed before anything runs.</summary>
internal sealed record Plan(IReadOnlyList<PlannedCall> Calls, IReadOnlyList<PlannedFault> Faults)
{
    public const int Lanes = 2;

    public static Plan Draw(TortureOptions options)
    {
        var random = new Random(options.Seed);
        return new Plan(
            [.. Enumerable.Range(0, options.Calls).Select(number => Call(number, options, random))],
            [.. FaultKinds(options, random).Select((kind, number) => new PlannedFault(number, kind, Milliseconds(random, 0, 400), Milliseconds(random, 50, 1500)))]);
    }

    /// <summary>For several daemons.</summary>
    public static Plan DrawCluster(TortureOptions options)
    {
        var random = new Random(options.Seed);
        // No refusals for rate: what daemons learn from them, so many requests a minute, would hold calls back for longer than any fault of a cluster.
        return new Plan(
            [.. Enumerable.Range(0, options.Calls).Select(number => Call(number, options, random)).Select(call => call.Trouble == Trouble.RateLimit ? call with { Trouble = Trouble.ServerError } : call)],
            [.. ClusterFaultKinds(options, random).Select((kind, number) => new PlannedFault(number, kind, Milliseconds(random, 0, 400), ClusterLength(kind, random), random.Next(Cluster.Size)))]);
    }

    private static TimeSpan ClusterLength(FaultKind kind, Random random) => kind switch
    {
        FaultKind.ShortPause => Milliseconds(random, 50, 600),
        FaultKind.LongPause => Milliseconds(random, 2000, 5000),
        FaultKind.LosesShims or FaultKind.LosesDatabase or FaultKind.LosesAll => Milliseconds(random, 500, 6000),
        FaultKind.DatabasePause => Milliseconds(random, 500, 4000),
        _ => Milliseconds(random, 0, 1500),
    };

    private static FaultKind[] ClusterFaultKinds(TortureOptions options, Random random)
    {
        var faults = Enumerable.Range(0, options.DatabaseRestarts).Select(number => number % 2 == 0 ? FaultKind.DatabaseCrash : FaultKind.DatabaseRestart).ToList();
        for (var other = 0; other < options.Faults; other++)
        {
            faults.Add(random.Next(20) switch
            {
                < 6 => FaultKind.Kill,
                < 8 => FaultKind.Drain,
                < 10 => FaultKind.Roll,
                < 12 => FaultKind.ShortPause,
                < 14 => FaultKind.LongPause,
                14 => FaultKind.LosesShims,
                15 => FaultKind.LosesDatabase,
                16 => FaultKind.LosesAll,
                17 => FaultKind.BalancerKill,
                18 => FaultKind.BalancerRestart,
                _ => FaultKind.DatabasePause,
            });
        }

        var shuffled = faults.ToArray();
        random.Shuffle(shuffled);
        return shuffled;
    }

    private static PlannedCall Call(int number, TortureOptions options, Random random)
    {
        var draw = random.Next(100);
        var kind = draw switch
        {
            < 40 => CallKind.Chat,
            < 50 => CallKind.LongChat,
            < 75 => CallKind.Turn,
            < 80 => CallKind.Consensus,
            < 88 => CallKind.Planner,
            < 92 => CallKind.Version,
            < 96 => CallKind.Status,
            _ => CallKind.ListModels,
        };
        kind = options.Target is null || kind is CallKind.LongChat ? kind : CallKind.Chat;
        var trouble = random.Next(100) switch
        {
            0 => Trouble.RateLimit,
            1 or 2 => Trouble.ServerError,
            3 => Trouble.Drop,
            4 => Trouble.Hang,
            5 => Trouble.Refuses,
            _ => Trouble.None,
        };
        return new PlannedCall(
            number,
            number % options.Shims,
            number / options.Shims % Lanes,
            kind,
            kind == CallKind.Chat ? trouble : Trouble.None,
            random.Next(4) > 0,
            $"mk{number:00000}x{random.Next():x8}");
    }

    /// <summary>The kills, and for each one of them about one other fault, in any order.</summary>
    private static FaultKind[] FaultKinds(TortureOptions options, Random random)
    {
        var faults = new List<FaultKind>(Enumerable.Repeat(FaultKind.Kill, options.Kills));
        for (var other = 0; options.Target is null && other < options.Kills; other++)
        {
            faults.Add(random.Next(20) switch
            {
                < 2 => FaultKind.Terminate,
                < 3 => FaultKind.Restart,
                < 4 => FaultKind.KillTwice,
                < 7 => FaultKind.Pause,
                < 12 => FaultKind.Cut,
                < 16 => FaultKind.HalfOpen,
                _ => FaultKind.Slow,
            });
        }

        var shuffled = faults.ToArray();
        random.Shuffle(shuffled);
        return shuffled;
    }

    private static TimeSpan Milliseconds(Random random, int from, int to) => TimeSpan.FromMilliseconds(random.Next(from, to));
}
