using Exai.Core.Models;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers;

/// <summary>
/// What one request asks of a dialect beyond <see cref="ChatOptions"/>. Handed to an <see cref="IChatClient"/> in
/// <see cref="ChatOptions.AdditionalProperties"/> under <see cref="Key"/>; a client that does not know it ignores it.
/// </summary>
public sealed record AttemptOptions
{
    public const string Key = "exai.attempt";

    /// <summary>Null leaves thinking to the model's default.</summary>
    public bool? Thinking { get; init; }

    /// <summary>How hard to think, for models with levels; the dialect writes the level that the model has for it. Null leaves it to the model.</summary>
    public ThinkingMode? Effort { get; init; }

    public bool WebSearch { get; init; }

    /// <summary>A stable id of the conversation, for providers that use one to find their prompt cache.</summary>
    public string? CacheKey { get; init; }

    /// <summary>Told of what arrives below the level of tokens; null when nobody listens.</summary>
    public IAttemptSignals? Signals { get; init; }

    public static AttemptOptions From(ChatOptions? options) =>
        options?.AdditionalProperties?.TryGetValue(Key, out var value) == true && value is AttemptOptions attempt ? attempt : new AttemptOptions();
}

/// <summary>What the attempt's clocks hear from a dialect client. Calls are cheap, never throw, and may come from any thread.</summary>
public interface IAttemptSignals
{
    /// <summary>A connection stands and the request is on its way.</summary>
    void Connected();

    /// <summary>The response headers are there.</summary>
    void HeadersReceived();

    /// <summary>Bytes of the body arrived, keep-alive comments included.</summary>
    void BytesReceived();
}

/// <summary>What may follow a failed attempt; section 5 of the provider facts decides it per status and vendor code.</summary>
public enum FailureClass
{
    /// <summary>Neither another try nor another model would help, or may help: wrong request, content filter.</summary>
    Stop,

    /// <summary>This key or model is out; another model may answer, with the problem shown: auth, balance, unknown model.</summary>
    FallBackWithNotice,

    /// <summary>Short back-off, the settings' tries, then another model.</summary>
    RetryShort,

    /// <summary>Two or three tries, half a minute to two minutes apart, then another model: overload.</summary>
    RetryLong,

    /// <summary>One more try, then another model.</summary>
    RetryOnce,

    /// <summary>The conversation is too long for the window.</summary>
    Shrink,
}

/// <summary>Who may answer once the tries that <see cref="FailureClass"/> allows are used up.</summary>
public enum Fallback
{
    /// <summary>Nobody: any model would fail the same way, or must not be asked.</summary>
    None,

    /// <summary>The next model that is configured.</summary>
    Allowed,

    /// <summary>The next model that is configured, with the problem shown: somebody has to mend something.</summary>
    WithNotice,

    /// <summary>A model with a larger window.</summary>
    LargerWindow,

    /// <summary>The same model, asked without web search.</summary>
    WithoutSearch,
}

/// <summary>
/// A failed attempt, told in the contract's words. The message is safe to show: no key, no HTML, no request body. The class says how often the
/// same model may be asked again, <see cref="Fallback"/> who may answer after that.
/// </summary>
public sealed class ProviderException(CallError error, FailureClass failureClass, Exception? innerException = null)
    : Exception(error.Message, innerException)
{
    public CallError Error { get; } = error;

    public FailureClass FailureClass { get; } = failureClass;

    /// <summary>Follows from the class, except for the few failures whose row of the table says otherwise.</summary>
    public Fallback Fallback { get; init; } = FallbackOf(failureClass);

    /// <summary>
    /// The provider took back what it had sent: text that has arrived is not to be shown, kept as <see cref="CallError.Partial"/> or put into a
    /// thread.
    /// </summary>
    public bool WithdrawsText => Error.Code == ErrorCodes.ContentFiltered;

    public int? HttpStatus { get; init; }

    /// <summary>The request may have had a lasting effect at the provider: nobody knows, so it must not be sent again by itself.</summary>
    public bool OutcomeUnknown { get; init; }

    /// <summary>The provider's own code or type, as it wrote it.</summary>
    public string? VendorCode { get; init; }

    /// <summary>As the provider asked, by Retry-After or a reset time. No try before that; one that cannot wait so long falls back.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>What follows a failure of this class, unless its row says otherwise.</summary>
    public static Fallback FallbackOf(FailureClass failureClass) => failureClass switch
    {
        FailureClass.Stop => Fallback.None,
        FailureClass.FallBackWithNotice => Fallback.WithNotice,
        FailureClass.Shrink => Fallback.LargerWindow,
        _ => Fallback.Allowed,
    };
}
