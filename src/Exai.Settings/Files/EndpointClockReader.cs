using System.Globalization;

namespace Exai.Settings;

/// <summary>The clocks of one endpoint: its own where it sets them, the generic ones elsewhere, checked against each other as in effect.</summary>
internal static class EndpointClockReader
{
    private const double Least = 0.01;
    private const double Most = 604_800;

    private static readonly (bool Web, bool Thinking, string Member)[] Classes =
    [
        (false, false, "firstToken"), (true, false, "firstTokenWeb"), (false, true, "firstTokenThinking"), (true, true, "firstTokenWebThinking"),
    ];

    public static ProviderClocks Read(JsonMembers endpoint, JsonFile file, ProviderClocks generic, TimeSpan call)
    {
        if (endpoint.Find("clocks") is not { } place)
        {
            return generic;
        }

        var members = new JsonMembers(place, file, "connect", "headers", "firstToken", "firstTokenWeb", "firstTokenThinking", "firstTokenWebThinking", "idle", "stream");
        TimeSpan? Own(string name) => members.Seconds(name, Least, Most);
        var clocks = new ProviderClocks
        {
            Connect = Own("connect") ?? generic.Connect,
            Headers = Own("headers") ?? generic.Headers,
            FirstTokenPlain = Own("firstToken") ?? generic.FirstTokenPlain,
            FirstTokenWeb = Own("firstTokenWeb") ?? generic.FirstTokenWeb,
            FirstTokenThinking = Own("firstTokenThinking") ?? generic.FirstTokenThinking,
            FirstTokenWebThinking = Own("firstTokenWebThinking") ?? generic.FirstTokenWebThinking,
            Idle = Own("idle") ?? generic.Idle,
            Stream = Own("stream") ?? generic.Stream,
        };
        Check(clocks, call, members);
        endpoint.Include(members);
        return clocks;
    }

    /// <summary>connect ≤ headers ≤ first token ≤ stream ≤ call, per class.</summary>
    private static void Check(ProviderClocks clocks, TimeSpan call, JsonMembers members)
    {
        if (members.Failed)
        {
            return;
        }

        if (clocks.Headers is { } headers && clocks.Connect > headers)
        {
            Broken(members, "connect", clocks.Connect, "headers", headers);
        }

        foreach (var (web, thinking, name) in Classes)
        {
            var firstToken = clocks.FirstToken(web, thinking);
            if ((clocks.Headers ?? clocks.Connect) > firstToken)
            {
                Broken(members, clocks.Headers is null ? "connect" : "headers", clocks.Headers ?? clocks.Connect, name, firstToken);
            }

            if (clocks.EffectiveStream(web, thinking) is var stream && stream > call)
            {
                members.Refuse(
                    members.At(members.Has("stream") ? "stream" : name), Seconds(stream),
                    $"one attempt may last {Seconds(stream)} s (stream {Seconds(clocks.Stream)} plus {name} {Seconds(firstToken)} less firstToken {Seconds(clocks.FirstTokenPlain)}), " +
                    $"but its call ends after {Seconds(call)} s",
                    $"Lower them, or raise EXAI_CALL_TIMEOUT_SECS to at least {Seconds(stream)}");
                break;
            }
        }

        if (clocks.FirstTokenPlain > clocks.Stream)
        {
            Broken(members, "firstToken", clocks.FirstTokenPlain, "stream", clocks.Stream);
        }
    }

    private static void Broken(JsonMembers members, string lower, TimeSpan low, string upper, TimeSpan high) => members.Refuse(
        members.At(members.Has(lower) ? lower : upper), null,
        $"{lower} ({Seconds(low)} s{Default(members, lower)}) is above {upper} ({Seconds(high)} s{Default(members, upper)}), so {upper} would always fire first",
        $"Lower {lower} or raise {upper}");

    private static string Default(JsonMembers members, string name) => members.Has(name) ? "" : ", the default";

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
}
