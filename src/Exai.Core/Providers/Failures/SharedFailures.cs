using Exai.Protocol;

namespace Exai.Core.Providers.Failures;

/// <summary>What holds for any OpenAI-compatible server. A dialect's own rows come first, the first match decides.</summary>
internal static class SharedFailures
{
    private const string TooLong = "Shorten the conversation, start a new thread, or choose a model with a larger window.";
    private const string Wait = "Wait a moment and ask again, or choose another model.";

    public static readonly IReadOnlyList<FailureRule> Rules =
    [
        new() { Codes = ["exceed_context_size_error", "context_length_exceeded"], Error = ErrorCodes.ContextTooLarge, Class = FailureClass.Shrink, What = "says the conversation is too long for the model", Advice = TooLong },
        new() { Statuses = [400], Codes = ["content_filter"], Error = ErrorCodes.ContentFiltered, Class = FailureClass.Stop, What = "blocked the request by its content filter", Advice = "Rephrase it." },
        new() { Codes = ["insufficient_quota"], Error = ErrorCodes.ProviderQuota, Class = FailureClass.FallBackWithNotice, What = "says the account has no credit left", Advice = "Top up the account or choose another provider." },
        new() { Codes = ["engine_overloaded_error", "overloaded_error"], Error = ErrorCodes.ProviderError, Class = FailureClass.RetryLong, What = "is overloaded", Advice = Wait },
        new() { Codes = ["server_error", "unexpected_output", "server_unavailable", "internal_error"], Error = ErrorCodes.ProviderError, Class = FailureClass.RetryShort, What = "has trouble on its side", Advice = Wait },
        new() { Codes = ["client_closed_request"], Error = ErrorCodes.Cancelled, Class = FailureClass.Stop, What = "saw the request cancelled", Advice = "Ask again if the answer is still wanted." },
        new() { Statuses = [401], Error = ErrorCodes.ProviderAuth, Class = FailureClass.FallBackWithNotice, What = "rejected the API key", Advice = "Check the provider's key in the settings." },
        new() { Statuses = [402], Error = ErrorCodes.ProviderQuota, Class = FailureClass.FallBackWithNotice, What = "says the account has no credit left", Advice = "Top up the account or choose another provider." },
        new() { Statuses = [403], Error = ErrorCodes.ProviderAuth, Class = FailureClass.Stop, What = "refused access", Advice = "Check what the key and the account may use." },
        new() { Statuses = [404], Error = ErrorCodes.ModelNotFound, Class = FailureClass.FallBackWithNotice, What = "does not know the model or the address", Advice = "Check the model's id and the provider's base URL." },
        new() { Statuses = [413], Error = ErrorCodes.ContextTooLarge, Class = FailureClass.Shrink, What = "says the request is too large", Advice = "Send fewer or smaller files." },
        new() { Statuses = [429], Error = ErrorCodes.RateLimited, Class = FailureClass.RetryShort, What = "limits the rate of requests", Advice = "The key is fine. Wait a moment, or lower the provider's concurrency limit." },
        new() { Statuses = [499], Error = ErrorCodes.Cancelled, Class = FailureClass.Stop, What = "saw the request cancelled", Advice = "Ask again if the answer is still wanted." },
        new() { Statuses = [504], Error = ErrorCodes.ProviderError, Class = FailureClass.RetryOnce, What = "timed out at its gateway", Advice = Wait },
        new() { Statuses = [408, 409, 500, 502, 503, 529], Error = ErrorCodes.ProviderError, Class = FailureClass.RetryShort, What = "has trouble on its side", Advice = Wait },
    ];

    public static readonly IReadOnlyDictionary<string, FailureRule> Finishes = new Dictionary<string, FailureRule>(StringComparer.OrdinalIgnoreCase)
    {
        ["content_filter"] = new() { Error = ErrorCodes.ContentFiltered, Class = FailureClass.Stop, What = "withdrew the answer by its content filter", Advice = "Rephrase the request." },
        ["error"] = new() { Error = ErrorCodes.ProviderError, Class = FailureClass.RetryShort, What = "ended the answer with an error", Advice = Wait },
        ["insufficient_system_resource"] = new() { Error = ErrorCodes.ProviderError, Class = FailureClass.RetryLong, What = "is overloaded and broke the answer off", Advice = Wait },
    };

    public static readonly FailureRule Moderated =
        new() { Error = ErrorCodes.ContentFiltered, Class = FailureClass.Stop, What = "blocked the request by moderation", Advice = "Rephrase it." };

    /// <summary>A stream's <c>event: error</c>: local servers send it for requests that they cannot serve, so the same try fails again.</summary>
    public static readonly FailureRule ErrorEvent =
        new() { Error = ErrorCodes.ProviderError, Class = FailureClass.FallBackWithNotice, What = "broke the answer off with an error", Advice = "Read its message; check that the conversation fits the model's window." };

    public static readonly FailureRule UnknownInStream =
        new() { Error = ErrorCodes.ProviderError, Class = FailureClass.RetryOnce, What = "broke the answer off with an error", Advice = Wait };

    public static readonly FailureRule Redirect =
        new() { Error = ErrorCodes.ProviderError, Class = FailureClass.FallBackWithNotice, What = "redirects to another address", Advice = "Redirects are not followed, to keep key and prompt on the configured host. Correct the provider's base URL." };

    public static readonly FailureRule OtherClientError =
        new() { Error = ErrorCodes.ProviderError, Class = FailureClass.Stop, What = "refused the request", Advice = "Repeating it will not help; read the provider's message." };

    public static readonly FailureRule OtherServerError =
        new() { Error = ErrorCodes.ProviderError, Class = FailureClass.RetryShort, What = "failed with an unusual status", Advice = Wait };

    /// <summary>When no row of any table matches.</summary>
    public static FailureRule Otherwise(int status, bool errorEvent) => status switch
    {
        _ when errorEvent => ErrorEvent,
        < 300 => UnknownInStream,
        < 400 => Redirect,
        < 500 => OtherClientError,
        _ => OtherServerError,
    };
}
