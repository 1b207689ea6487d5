using Exai.Core.Admission;
using Exai.Core.Calls;
using Exai.Protocol;

namespace Exai.Core.Models;

/// <summary>Asks models. The answer tells which one answered.</summary>
public interface IModelGateway
{
    /// <exception cref="CallException">The question cannot be asked: unknown model, no provider.</exception>
    /// <exception cref="Providers.ProviderException">It was asked and not answered.</exception>
    Task<ModelAnswer> AskAsync(ModelQuestion question, AskScope scope, CancellationToken cancellationToken);
}

/// <summary>The call that asks, as far as the gateway has to know it.</summary>
public sealed record AskScope
{
    /// <summary>For the log: one id from shim to provider.</summary>
    public required string CallId { get; init; }

    /// <summary>Whose turn it takes in the queues.</summary>
    public required string SessionId { get; init; }

    public AttemptPriority Priority { get; init; }

    /// <summary>Told what the attempt is doing.</summary>
    public required Action<CallProgress> Report { get; init; }

    /// <summary>Where every attempt is entered.</summary>
    public required AttemptBook Book { get; init; }

    /// <summary>What is left of the call clock.</summary>
    public required Func<TimeSpan> TimeLeft { get; init; }

    /// <summary>Why the call was ended from outside; null when it was not, or when the daemon stops.</summary>
    public Func<CallError?> EndedBy { get; init; } = () => null;
}
