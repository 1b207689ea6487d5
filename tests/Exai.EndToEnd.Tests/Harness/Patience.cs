using System.Diagnostics;

namespace Exai.EndToEnd.Tests.Harness;

/// <summary>How long a test waits for what must come: generous, because the machine is shared, but never for ever.</summary>
internal static class Patience
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);

    /// <summary>A token that fires when patience is over or the test run is cancelled.</summary>
    public static CancellationToken Token(TimeSpan? limit = null)
    {
        var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(limit ?? Limit);
        return patience.Token;
    }

    /// <summary>Looks at something that sends no events, such as a file or a process, until it shows a value.</summary>
    public static async Task<T> ForAsync<T>(string what, Func<T?> look, TimeSpan? limit = null)
        where T : class
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            if (look() is { } seen)
            {
                return seen;
            }

            if (Stopwatch.GetElapsedTime(started) > (limit ?? Limit))
            {
                throw new TimeoutException($"Not within {(limit ?? Limit).TotalSeconds:0.#} s: {what}");
            }

            await Task.Delay(Poll, TestContext.Current.CancellationToken);
        }
    }

    public static Task ForAsync(string what, Func<bool> look, TimeSpan? limit = null) => ForAsync(what, () => look() ? "" : null, limit);
}
