using System.Globalization;

namespace Exai.Settings;

/// <summary>Checks between settings, on the values in effect. A broken pair is named with both values and where each came from.</summary>
/// <remarks>
/// The settings stay as they are set: each pair still works, only one of the two never takes effect, and a guess which one was meant would hide that.
/// </remarks>
internal sealed class CrossChecks(SettingsReader reader, SettingsFindings findings)
{
    private static readonly (bool Web, bool Thinking, string Name, string Setting)[] Classes =
    [
        (false, false, "plain", "TIMEOUT_SECS"),
        (true, false, "web", "WEB_SEARCH_TIMEOUT_SECS"),
        (false, true, "thinking", "THINKING_TIMEOUT_SECS"),
        (true, true, "web and thinking", "WEB_THINKING_TIMEOUT_SECS"),
    ];

    public void Run(ExaiSettings settings)
    {
        Clocks("GLM", settings.Glm.Clocks, settings.Calls.Timeout);
        Clocks("KIMI", settings.Kimi.Clocks, settings.Calls.Timeout);
        GenericStream(settings);

        NotAbove("EXAI_WS_RECONNECT_INITIAL_SECS", "EXAI_WS_RECONNECT_MAX_SECS", "the first wait cannot be longer than the longest");
        NotAbove("RETRY_BACKOFF_BASE", "RETRY_BACKOFF_MAX", "the first wait cannot be longer than the longest");
        NotAbove("EXAI_HEALTH_WRITER_INTERVAL", "EXAI_HEALTH_STALE_SECS", "the health file would be stale between two writings");
        NotAbove("EXAI_WS_SESSION_MAX_INFLIGHT", "EXAI_WS_GLOBAL_MAX_INFLIGHT", "a session cannot have more than the whole daemon");
        NeverReached("EXAI_WS_GLM_MAX_INFLIGHT", "EXAI_WS_GLOBAL_MAX_INFLIGHT");
        NeverReached("EXAI_WS_KIMI_MAX_INFLIGHT", "EXAI_WS_GLOBAL_MAX_INFLIGHT");
        StartsNone(settings.Link);
        Pair("EXAI_TLS_CERT", "EXAI_TLS_KEY");
        Pair("EXAI_TLS_KEY", "EXAI_TLS_CERT");
    }

    private void Pair(string set, string missing)
    {
        if (reader.TextOrNull(set) is not null && reader.TextOrNull(missing) is null)
        {
            Add(set, set, $"is set and {missing} is not, but a certificate is of no use without its key", $"Set {missing} too (both may be one file), or remove {set}");
        }
    }

    private void StartsNone(LinkSettings link)
    {
        if (link.Endpoints.Count > 0 && reader["EXAI_WS_AUTOSTART"] is { IsDefault: false, Source: var source } && reader.BoolOrNull("EXAI_WS_AUTOSTART") is true)
        {
            findings.Warnings.Add(new SettingWarning(
                "EXAI_WS_AUTOSTART", source, $"has no effect, because EXAI_WS_ENDPOINTS ({reader["EXAI_WS_ENDPOINTS"].Source}) names daemons that are not this home's"));
        }
    }

    /// <summary>connect ≤ headers ≤ first token ≤ stream ≤ call, per class.</summary>
    private void Clocks(string prefix, ProviderClocks clocks, TimeSpan call)
    {
        if (clocks.Headers is { } headers)
        {
            NotAbove("EXAI_CONNECT_TIMEOUT_SECS", $"{prefix}_SESSION_TIMEOUT", "connecting is part of waiting for headers");
            foreach (var (web, thinking, name, setting) in Classes)
            {
                if (headers > clocks.FirstToken(web, thinking))
                {
                    Broken($"{prefix}_SESSION_TIMEOUT", $"{prefix}_{setting}", $"headers cannot come after the first token ({name})");
                }
            }
        }
        else
        {
            foreach (var (web, thinking, name, setting) in Classes)
            {
                if (clocks.Connect > clocks.FirstToken(web, thinking))
                {
                    Broken("EXAI_CONNECT_TIMEOUT_SECS", $"{prefix}_{setting}", $"connecting is part of waiting for the first token ({name})");
                }
            }
        }

        // The effective stream clock of a class is the plain one plus the class's extra silence, so this pair breaks in all classes or in none.
        NotAbove($"{prefix}_TIMEOUT_SECS", $"{prefix}_STREAM_TIMEOUT", "the first token is part of the stream");

        foreach (var (web, thinking, name, setting) in Classes)
        {
            if (clocks.EffectiveStream(web, thinking) is var stream && stream > call)
            {
                LongerThanCall(name, stream, $"{prefix}_STREAM_TIMEOUT", $"{prefix}_{setting}", $"{prefix}_TIMEOUT_SECS");
            }
        }
    }

    private void LongerThanCall(string @class, TimeSpan effective, string stream, string firstToken, string plain)
    {
        const string Call = "EXAI_CALL_TIMEOUT_SECS";
        var sum = firstToken == plain
            ? $"{stream}={Described(stream)}"
            : $"{stream}={Described(stream)} plus {firstToken}={Described(firstToken)} less {plain}={Described(plain)} makes {Seconds(effective)} s";
        Add(
            stream,
            Call,
            $"one attempt ({@class}) may last longer than its call: {sum}, above {Call}={Described(Call)}",
            $"Raise {Call} to at least {Seconds(effective)}, or lower the others");
    }

    /// <summary>The generic clocks have no names, so only the call clock and the connect clock can contradict them.</summary>
    private void GenericStream(ExaiSettings settings)
    {
        var clocks = settings.GenericClocks;
        var longest = clocks.EffectiveStream(web: true, thinking: true);
        if (longest > settings.Calls.Timeout && File.Exists(settings.ProvidersFile))
        {
            findings.Warnings.Add(new SettingWarning(
                "EXAI_CALL_TIMEOUT_SECS",
                reader["EXAI_CALL_TIMEOUT_SECS"].Source,
                $"is {Text("EXAI_CALL_TIMEOUT_SECS")}, but an attempt at an endpoint of the providers file that sets no clocks may last {Seconds(longest)} s"));
        }
    }

    private void NotAbove(string lower, string upper, string reason)
    {
        if (Value(lower) > Value(upper))
        {
            Broken(lower, upper, reason);
        }
    }

    private void Broken(string lower, string upper, string reason) => Add(
        lower,
        upper,
        $"{lower}={Described(lower)} is above {upper}={Described(upper)}, but {reason}",
        $"Lower {lower} to at most {Text(upper)}, or raise {upper} to at least {Text(lower)}");

    private void NeverReached(string lower, string upper)
    {
        if (Value(lower) > Value(upper))
        {
            findings.Warnings.Add(new SettingWarning(lower, reader[lower].Source, $"{Text(lower)} is never reached, because {upper} is {Described(upper)}"));
        }
    }

    /// <summary>Filed under the one of the two that somebody set.</summary>
    private void Add(string first, string second, string message, string mend)
    {
        var culprit = reader[first].IsDefault && !reader[second].IsDefault ? reader[second] : reader[first];
        findings.Problems.Add(new SettingProblem(culprit.Definition.Name, culprit.Text, culprit.Source, message, mend));
    }

    private double Value(string name) => double.Parse(Text(name), CultureInfo.InvariantCulture);

    private string Text(string name) => reader.Text(name);

    private string Described(string name) => $"{Text(name)} ({reader[name].Source})";

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
}
