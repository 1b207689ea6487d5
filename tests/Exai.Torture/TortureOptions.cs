using System.Globalization;

namespace Exai.Torture;

/// <summary>What the command line asks for.</summary>
internal sealed record TortureOptions
{
    public const string Help = """
        Torments a bridge between stdio clients and a daemon, and counts what it did wrong.

          dotnet run --project tests/Exai.Torture -c Release -- --seed 7 --shims 16 --calls 20000 --kills 1000

          --seed N        the plan of calls and faults; the same seed, shims, calls and kills give the same plan (default 1)
          --shims N       client processes, each with two calls at a time (default 4)
          --calls N       calls in all (default 400)
          --kills N       kill -9 of the daemon; about as many faults of other kinds come with them (default 20)
          --minutes M     no new call after that time; those that were begun are still waited for
          --attach N      torments nobody: starts N shims that wait for a daemon, starts and kills one six times, and prints how long after its
                          readiness they had its link
          --restarts N    torments nobody: runs `exai restart` N times, each with a chat in flight, and prints how long other calls waited meanwhile
          --failover N    three daemons on the PostgreSQL database of --store, N shims that know all of them, each with a call in flight: kills the
                          daemons in turn, --kills times, and prints how long the calls were without one. Needs root
          --cluster       three daemons on a PostgreSQL server of the run's own, half of the shims behind HAProxy, half knowing all daemons; needs root,
                          PostgreSQL and HAProxy. With --faults and --db-restarts in the place of --kills:
                          dotnet run --project tests/Exai.Torture -c Release -- --cluster --seed 7 --shims 16 --calls 10000 --faults 240 --db-restarts 20
          --faults N      with --cluster: kills, drains, changes of the version and pauses of daemons, partitions, kills of the balancer, pauses of
                          the database (default 20)
          --db-restarts N with --cluster: restarts of the database, by turns as a crash and in order (default 2)
          --store URL     that database, as EXAI_STORE names it
          --exai PATH     the program exai to run; if not given, the one that was built with this one. A published one starts faster
          --keep          keeps the home and its logs, as a violation does
          --target "..."  another bridge: the command line of its stdio side; what stands in "quotes" is one word. It is asked with the tool `chat`
                          and its argument `prompt`. {url} is the address at which `exai daemon` serves MCP over HTTP, {token} its bearer token: the
                          daemon is then started and, whenever it ends, started again at once, as a service manager would; it is what is killed.
                          A bridge with a server of its own finds the provider's address in GLM_API_URL, the key in GLM_API_KEY
          --patience N    seconds after which a call without an answer counts as lost (default 120: the call's clock of 90 s, and what it may be late by
                          on a busy machine); a bridge that loses calls is tried sooner with less
          --victim TEXT   with --target and without {url}: kills the process of this run whose command line holds the text

        Shims with even numbers share the daemon's home and start the daemon; those with odd numbers reach it over a wire that is cut, falls
        silent and slows down. Every call's prompt holds a marker of its own, which the provider's answer repeats. Exit code 1 means a violation:

          lost       no answer when the call's clock was over, while the shim answers a ping
          hung       the same, and no answer to the ping
          gone       a shim ended by itself; its client has nobody to ask for its further calls
          doubled    two responses to one request, or progress after its response
          crossed    an answer or a provider's request with the marker of another call or thread
          failed     an error without a reason: the provider was healthy and the daemon did not die too often
          asked      more requests to the provider than runs and retries allow
          over       with --cluster: more requests at once at the provider than the limit, those of daemons apart that were stopped or cut off from
                     the database for too long to know that others count them as dead
          left       with --cluster: a call that nobody runs, or a permit that nobody uses, when all is over
        """;

    public int Seed { get; init; } = 1;

    public int Shims { get; init; } = 4;

    public int Calls { get; init; } = 400;

    public int Kills { get; init; } = 20;

    public TimeSpan? Limit { get; init; }

    /// <summary>How long a caller waits for its answer.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(Machine.CallSeconds + 30);

    /// <summary>Measures the attaching of so many shims instead.</summary>
    public int? Attach { get; init; }

    /// <summary>Measures what calls notice of so many restarts instead.</summary>
    public int? Restarts { get; init; }

    /// <summary>Measures the way of so many shims from a daemon that is killed to another one instead.</summary>
    public int? Failover { get; init; }

    /// <summary>Torments several daemons, their balancer and their database instead.</summary>
    public bool Cluster { get; init; }

    public int Faults { get; init; } = 20;

    public int DatabaseRestarts { get; init; } = 2;

    /// <summary>The database that daemons share.</summary>
    public string? Store { get; init; }

    /// <summary>The program under torment.</summary>
    public string Exai { get; init; } = Path.Combine(AppContext.BaseDirectory, "exai");

    public bool Keep { get; init; }

    public string? Target { get; init; }

    public string? Victim { get; init; }

    /// <exception cref="FormatException">Names the argument and what it takes.</exception>
    public static TortureOptions Parse(string[] arguments)
    {
        var options = new TortureOptions();
        for (var at = 0; at < arguments.Length; at++)
        {
            var name = arguments[at];
            if (name is "--keep" or "--cluster")
            {
                options = name == "--keep" ? options with { Keep = true } : options with { Cluster = true };
                continue;
            }

            var value = ++at < arguments.Length ? arguments[at] : throw new FormatException($"{name} takes a value; see --help.");
            options = name switch
            {
                "--seed" => options with { Seed = Number(name, value, 0) },
                "--shims" => options with { Shims = Number(name, value, 1) },
                "--calls" => options with { Calls = Number(name, value, 1) },
                "--kills" => options with { Kills = Number(name, value, 0) },
                "--minutes" => options with { Limit = TimeSpan.FromMinutes(Number(name, value, 1)) },
                "--attach" => options with { Attach = Number(name, value, 1) },
                "--restarts" => options with { Restarts = Number(name, value, 1) },
                "--failover" => options with { Failover = Number(name, value, 1) },
                "--faults" => options with { Faults = Number(name, value, 0) },
                "--db-restarts" => options with { DatabaseRestarts = Number(name, value, 0) },
                "--store" => options with { Store = value },
                "--exai" => options with { Exai = Path.GetFullPath(value) },
                "--patience" => options with { Patience = TimeSpan.FromSeconds(Number(name, value, 1)) },
                "--target" => options with { Target = value },
                "--victim" => options with { Victim = value },
                _ => throw new FormatException($"{name} is no argument of this program; see --help."),
            };
        }

        return options;
    }

    private static int Number(string name, string value, int least) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least
            ? number
            : throw new FormatException($"{name} {value}: a whole number from {least} is wanted.");
}
