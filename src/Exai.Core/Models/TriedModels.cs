using Exai.Core.Providers;
using Exai.Protocol;

namespace Exai.Core.Models;

/// <summary>What has come of one question so far: the models that failed, the attempt that answered, the longest part of an answer.</summary>
internal sealed class TriedModels(TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();
    private readonly List<ReceiptFallback> _fallbacks = [];
    private (Attempt Attempt, ModelRequest Request)? _answered;
    private (string Text, string Model)? _partial;
    private ProviderException? _first;
    private int _requests;

    public IReadOnlyList<ReceiptFallback> Fallbacks => _fallbacks;

    public (Attempt Attempt, ModelRequest Request) Answered => _answered ?? throw new InvalidOperationException("No attempt has answered.");

    /// <summary>An attempt has ended by itself.</summary>
    public void Keep(Attempt attempt, ModelRequest request, ProviderException? failure)
    {
        _requests++;
        if (failure is null)
        {
            _answered = (attempt, request);
        }
        else if (!failure.WithdrawsText && attempt.Partial is { } partial && partial.Length > (_partial?.Text.Length ?? 0))
        {
            _partial = (partial, attempt.Route.ModelId);
        }
    }

    /// <summary>A model is given up; another one is asked.</summary>
    public ReceiptFallback Failed(ModelRoute route, ProviderException failure)
    {
        _first ??= failure;
        var fallback = new ReceiptFallback(route.ModelId, failure.Error.Code, failure.Error.Clock, (long)time.GetElapsedTime(_started).TotalMilliseconds);
        _fallbacks.Add(fallback);
        return fallback;
    }

    /// <summary>Nobody answered: what the asked model said, what became of the others, and the longest part of an answer.</summary>
    public ProviderException GiveUp(ProviderException last)
    {
        var told = _first ?? last;
        var message = told.Error.Message;
        if (_requests > 1 && _first is null)
        {
            message += $" It was asked {_requests} times.";
        }
        else if (_first is not null)
        {
            var others = _fallbacks.Skip(1).Select(fallback => $"{fallback.Model}: {fallback.Code}").Append($"{last.Error.Model}: {last.Error.Message}");
            message += $" Others were asked in its place and failed too. {string.Join(" ", others)}";
        }

        return new ProviderException(told.Error with { Message = message, Partial = last.WithdrawsText ? null : _partial?.Text }, told.FailureClass, last)
        {
            HttpStatus = told.HttpStatus,
            VendorCode = told.VendorCode,
            RetryAfter = told.RetryAfter,
        };
    }
}
