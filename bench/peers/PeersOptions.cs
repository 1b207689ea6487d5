namespace Exai.Peers;

/// <summary>What the command line asks for.</summary>
internal sealed record PeersOptions
{
    public const string Help = """
        Measures EXAI and its peers with the same work, one after the other, and prints a table.

          dotnet run --project bench/peers -c Release

          --short        fewer repetitions: about two minutes instead of about fourteen
          --bridges      only what stands between a stdio client and its server
          --gateways     only what stands between a question and its provider
          --against FILE the ratios of this run beside those of a recorded one; warns where they got worse
          --out FOLDER   where peers.json and the charts go; artifacts/bench of the repository if not given

        The peers come from npm by bench/peers/node/package-lock.json and stay in that folder; exai is published with ReadyToRun into
        artifacts/bench/exai. Node 20 or later and a network or npm cache are needed.
        """;

    public bool Short { get; init; }

    public bool Bridges { get; init; } = true;

    public bool Gateways { get; init; } = true;

    /// <summary>A peers.json of an earlier run; null to compare with none.</summary>
    public string? Against { get; init; }

    public string Out { get; init; } = Path.Combine(Repository.Root, "artifacts", "bench");

    public int ColdStarts => Short ? 5 : 20;

    /// <summary>The same in each run: the first calls of a process are the slower the fewer they are.</summary>
    public const int RoundTrips = 5000;

    public const int Pipelined = 10_000;

    /// <summary>Calls between the first measured ones and those of a warm process; zero leaves the latter out.</summary>
    public int WarmUp => Short ? 0 : 30_000;

    /// <summary>Questions to a gateway, 64 at once, before the first measured one.</summary>
    public int GatewayWarmUp => Short ? 64 : 3_000;

    /// <summary>Before the memory of an idle bridge is read; zero leaves that out.</summary>
    public TimeSpan IdleWait => Short ? TimeSpan.Zero : TimeSpan.FromSeconds(45);

    /// <summary>How many questions at once, and how many in all.</summary>
    public IReadOnlyList<(int InFlight, int Questions)> Loads => Short
        ? [(1, 50), (16, 200)]
        : [(1, 100), (16, 500), (64, 1000), (256, 2000)];

    /// <exception cref="FormatException">Names the argument and what is known.</exception>
    public static PeersOptions Parse(string[] arguments)
    {
        var options = new PeersOptions();
        for (var at = 0; at < arguments.Length; at++)
        {
            options = arguments[at] switch
            {
                "--short" => options with { Short = true },
                "--bridges" => options with { Gateways = false },
                "--gateways" => options with { Bridges = false },
                "--against" when at + 1 < arguments.Length => options with { Against = arguments[++at] },
                "--out" when at + 1 < arguments.Length => options with { Out = arguments[++at] },
                var unknown => throw new FormatException($"'{unknown}' is not known here, or lacks its value. See --help."),
            };
        }

        return options;
    }
}
