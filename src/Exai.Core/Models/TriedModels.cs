using Exai.Core.Providers;
using Exai.Protocol;

namespace Exai.Core.Models;

/// <summary>What has come of one question so far: the models that failed, the attempt that answered, the longest part of an answer.</summary>
internal sealed class TriedModels(TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();
    private readonly List<ReceiptFallback> _fallbacks = [];
    private (Attempt Attempt, ModelRequest Request)? _answered;
    private string? _partial;
    private (ModelRoute Route, ProviderException Failure)? _first;
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
        else if (!failure.WithdrawsText && attempt.Partial is { } partial && partial.Length > (_partial?.Length ?? 0))
        {
            _partial = partial;
        }
    }

    /// <summary>A model is given up; another one is asked.</summary>
    public ReceiptFallback Failed(ModelRoute route, ProviderException failure)
    {
        _first ??= (route, failure);
        var fallback = new ReceiptFallback(route.ModelId, failure.Error.Code, failure.Error.Clock, (long)time.GetElapsedTime(_started).TotalMilliseconds);
        _fallbacks.Add(fallback);
        return fallback;
    }

    /// <summary>Nobody answered: what the asked model said, what became of the others, and the longest part of an answer.</summary>
    public ProviderException GiveUp(ModelRoute lastRoute, ProviderException last)
    {
        var (route, told) = _first ?? (lastRoute, last);
        var message = told.Error.Message;
        if (_first is not null)
        {
            var others = _fallbacks.Skip(1).Select(fallback => $"{fallback.Model}: {fallback.Code}.").Append($"{lastRoute.ModelId}: {last.Error.Message}");
            message += $" Others were asked in its place and failed too. {string.Join(' ', others)}";
        }
        else if (_requests > 1)
        {
            message += $" It was asked {_requests} times.";
        }

        var error = told.Error with
        {
            Provider = route.Provider.Name,
            Model = route.ModelId,
            Message = message,
            // What a filter took back stays back, and with it whatever was written before.
            Partial = last.WithdrawsText ? null : _partial,
        };
        return new ProviderException(error, told.FailureClass, last)
        {
            HttpStatus = told.HttpStatus,
            VendorCode = told.VendorCode,
            RetryAfter = told.RetryAfter,
        };
    }
}
