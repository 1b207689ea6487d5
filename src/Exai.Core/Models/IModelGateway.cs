using Exai.Protocol;

namespace Exai.Core.Models;

/// <summary>Asks models. The answer tells which one answered.</summary>
public interface IModelGateway
{
    /// <exception cref="CallException">The question cannot be asked: unknown model, no provider.</exception>
    /// <exception cref="Providers.ProviderException">It was asked and not answered.</exception>
    Task<ModelAnswer> AskAsync(ModelQuestion question, AskScope scope, CancellationToken cancellationToken);
}

/// <summary>What the gateway may tell the call that asks.</summary>
/// <param name="CallId">For the log: one id from shim to provider.</param>
/// <param name="Report">What the attempt is doing, in a few words.</param>
/// <param name="BookFailed">An attempt that ended without an answer; those of an answer are in the answer.</param>
public sealed record AskScope(string CallId, Action<string> Report, Action<ReceiptAttempt> BookFailed);
