using Exai.Core.Providers;
using Exai.Protocol;

namespace Exai.Core.Models;

/// <summary>How often and how soon a model is asked again.</summary>
/// <param name="Attempts">Further requests to one model after the first; 0 forbids every repeat.</param>
/// <param name="BackoffBase">The first wait of the short class; each further one is twice as long.</param>
/// <param name="BackoffMax">The longest wait of the short class.</param>
public sealed record RetryOptions(int Attempts, TimeSpan BackoffBase, TimeSpan BackoffMax);

/// <summary>What is known when an attempt has failed.</summary>
/// <param name="Committed">A token of the answer had arrived.</param>
/// <param name="CanFallBack">Another model may and can answer.</param>
/// <param name="CanShrink">The request still holds turns that could be left out.</param>
/// <param name="Searches">The request asks for a web search.</param>
/// <param name="TimeLeft">Of the call.</param>
internal readonly record struct FailedAttempt(ProviderException Failure, bool Committed, bool CanFallBack, bool CanShrink, bool Searches, TimeSpan TimeLeft);

/// <summary>
/// Whether one model is asked again within one question, and when. The failure's class decides, within the number of requests allowed:
/// the one retry layer of the program. Used by one question at a time.
/// </summary>
/// <param name="options">The settings.</param>
/// <param name="chance">From 0 to 1, so that callers that were refused together do not come back together.</param>
internal sealed class RetryPolicy(RetryOptions options, Func<double> chance)
{
    /// <summary>An overload lasts: half a minute helped, sooner did not.</summary>
    private static readonly TimeSpan LongWait = TimeSpan.FromSeconds(30);

    private const int MostLongRetries = 2;
    private const double Jitter = 0.1;

    private int _retries;
    private int _shortRetries;
    private int _longRetries;
    private bool _repeatedOnce;
    private bool _repeatedAnswer;
    private bool _shrunk;

    /// <summary>The request that was just granted is the model's last.</summary>
    public bool IsLast => _retries >= options.Attempts;

    /// <summary>How long to wait before the next request; null when there is none.</summary>
    public TimeSpan? Next(FailedAttempt failed)
    {
        if (_retries >= options.Attempts || !Allows(failed))
        {
            return null;
        }

        var wait = failed.Failure.RetryAfter ?? Wait(failed.Failure.FailureClass);
        if (wait >= failed.TimeLeft)
        {
            return null;
        }

        Count(failed);
        return wait;
    }

    private bool Allows(FailedAttempt failed)
    {
        var failure = failed.Failure;
        var repeats = failure.FailureClass switch
        {
            FailureClass.RetryShort => true,
            FailureClass.RetryLong => _longRetries < MostLongRetries,
            // Nobody has seen a sign of life: another model is the better bet than the same silence again.
            FailureClass.RetryOnce when failure.Error.Clock is Clocks.Headers or Clocks.FirstToken && failed.CanFallBack => false,
            // A quota's reset is waited for when nobody else can answer sooner.
            FailureClass.RetryOnce when failure.Error.Code == ErrorCodes.ProviderQuota && failed.CanFallBack => false,
            FailureClass.RetryOnce => !_repeatedOnce,
            FailureClass.Shrink => failed.CanShrink && !_shrunk,
            // Only the search failed: the model can answer without it.
            FailureClass.Stop => failure.Fallback == Fallback.WithoutSearch && failed.Searches,
            _ => false,
        };

        // A whole answer is paid for anew: once.
        return repeats && !(failed.Committed && _repeatedAnswer);
    }

    private void Count(FailedAttempt failed)
    {
        _retries++;
        _repeatedAnswer |= failed.Committed;
        switch (failed.Failure.FailureClass)
        {
            case FailureClass.RetryShort:
                _shortRetries++;
                break;
            case FailureClass.RetryLong:
                _longRetries++;
                break;
            case FailureClass.RetryOnce:
                _repeatedOnce = true;
                break;
            case FailureClass.Shrink:
                _shrunk = true;
                break;
        }
    }

    private TimeSpan Wait(FailureClass failureClass) => failureClass switch
    {
        FailureClass.RetryShort => Backoff() * (1 + (chance() * Jitter)),
        FailureClass.RetryLong => LongWait * (1 << _longRetries),
        _ => TimeSpan.Zero,
    };

    private TimeSpan Backoff()
    {
        var grown = options.BackoffBase * Math.Pow(2, Math.Min(_shortRetries, 30));
        return grown < options.BackoffMax ? grown : options.BackoffMax;
    }
}
