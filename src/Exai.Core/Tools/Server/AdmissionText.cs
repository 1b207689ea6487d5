using System.Text;
using Exai.Core.Admission;

namespace Exai.Core.Tools.Server;

/// <summary>Permits, queues and learned limits, in a few lines for people and models.</summary>
internal static class AdmissionText
{
    public static string Of(AdmissionSnapshot all, DateTimeOffset now)
    {
        var text = new StringBuilder();
        text.AppendLine($"Permits: {Count(all.Global)}.");
        foreach (var provider in all.Providers)
        {
            text.AppendLine($"Permits of {provider.Scope.Name}: {string.Join("; ", [Count(provider.Scope), .. Learned(provider, now)])}.");
        }

        if (all.OverCapacity > 0)
        {
            text.AppendLine($"{all.OverCapacity} calls were refused because their session's share of the queue was full (EXAI_QUEUE_MAX).");
        }

        if (all.Leaks > 0)
        {
            text.AppendLine($"{all.Leaks} permits had lost their attempt and were taken back: a defect, which the daemon's log names.");
        }

        return text.ToString();
    }

    private static string Count(ScopeSnapshot scope) => $"{scope.Held} of {scope.Limit} held, {scope.Queued} attempts wait";

    private static IEnumerable<string> Learned(ProviderSnapshot provider, DateTimeOffset now)
    {
        if (provider.Scope.LearnedLimit is { } key)
        {
            yield return $"learned: {key} at once under this key";
        }

        foreach (var model in provider.Models)
        {
            if (model.LearnedLimit is { } limit)
            {
                yield return $"learned: {limit} at once for {model.Name}";
            }
        }

        if (provider.LearnedPerMinute is { } perMinute)
        {
            yield return $"learned: {perMinute} requests a minute";
        }

        if (provider.PausedUntil is { } until)
        {
            yield return $"paused for another {Math.Ceiling((until - now).TotalSeconds):0} s, as the provider asked";
        }
    }
}
