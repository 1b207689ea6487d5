using Exai.Protocol;

namespace Exai.Core.Providers.Failures;

/// <summary>What holds for any OpenAI-compatible server. A dialect's own rows come first, the first match decides.</summary>
internal static class SharedFailures
{
    private const string TooLong = "Shorten the conversation, start a new thread, or choose a model with a larger window.";
    private const string Wait = "Wait a moment and ask again, or choose another model.";

    public static readonly IReadOnlyList<FailureRow> Rules =
    [
        FailureRow.Code("exceed_context_size_error", "context_length_exceeded")
            .Means(ErrorCodes.ContextTooLarge, FailureClass.Shrink, "says the conversation is too long for the model", TooLong),
        // One code for many causes at vLLM and DeepSeek; the words tell this one apart.
        FailureRow.Code("BadRequestError", "invalid_request_error").Saying("maximum context length")
            .Means(ErrorCodes.ContextTooLarge, FailureClass.Shrink, "says the conversation is too long for the model", TooLong),
        FailureRow.Code("content_filter")
            .Means(ErrorCodes.ContentFiltered, FailureClass.Stop, "blocked the request by its content filter", "Rephrase it."),
        FailureRow.Code("insufficient_quota").Means(ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice,
            "says the account has no credit left",
            "Top up the account or choose another provider."),
        FailureRow.Code("engine_overloaded_error", "overloaded_error").Means(ErrorCodes.ProviderError, FailureClass.RetryLong, "is overloaded", Wait),
        FailureRow.Code("server_error", "unexpected_output", "server_unavailable", "internal_error")
            .Means(ErrorCodes.ProviderError, FailureClass.RetryShort, "has trouble on its side", Wait),
        FailureRow.Code("client_closed_request")
            .Means(ErrorCodes.Cancelled, FailureClass.Stop, "saw the request cancelled", "Ask again if the answer is still wanted."),
        FailureRow.Status(401)
            .Means(ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, "rejected the API key", "Check the provider's key in the settings."),
        FailureRow.Status(402).Means(ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice,
            "says the account has no credit left",
            "Top up the account or choose another provider."),
        FailureRow.Status(403).Means(ErrorCodes.ProviderAuth, FailureClass.Stop, "refused access", "Check what the key and the account may use."),
        FailureRow.Status(404).Means(ErrorCodes.ModelNotFound, FailureClass.FallBackWithNotice,
            "does not know the model or the address",
            "Check the model's id and the provider's base URL."),
        FailureRow.Status(413)
            .Means(ErrorCodes.ContextTooLarge, FailureClass.Shrink, "says the request is too large", "Send fewer or smaller files.")
            .Then(Fallback.None),
        FailureRow.Status(429).Means(ErrorCodes.RateLimited, FailureClass.RetryShort,
            "limits the rate of requests",
            "The key is fine. Wait a moment, or lower the provider's concurrency limit."),
        FailureRow.Status(499)
            .Means(ErrorCodes.Cancelled, FailureClass.Stop, "saw the request cancelled", "Ask again if the answer is still wanted."),
        FailureRow.Status(504).Means(ErrorCodes.ProviderError, FailureClass.RetryOnce, "timed out at its gateway", Wait),
        FailureRow.Status(408, 409, 500, 502, 503, 529).Means(ErrorCodes.ProviderError, FailureClass.RetryShort, "has trouble on its side", Wait),
    ];

    public static readonly IReadOnlyDictionary<string, FailureRule> Finishes = new Dictionary<string, FailureRule>(StringComparer.OrdinalIgnoreCase)
    {
        ["content_filter"] = new(ErrorCodes.ContentFiltered, FailureClass.Stop, "withdrew the answer by its content filter", "Rephrase the request."),
        ["error"] = new(ErrorCodes.ProviderError, FailureClass.RetryShort, "ended the answer with an error", Wait),
        ["insufficient_system_resource"] = new(ErrorCodes.ProviderError, FailureClass.RetryLong, "is overloaded and broke the answer off", Wait),
    };

    public static readonly FailureRule Moderated =
        new(ErrorCodes.ContentFiltered, FailureClass.Stop, "blocked the request by moderation", "Rephrase it.");

    /// <summary>A stream's <c>event: error</c>: local servers send it for requests that they cannot serve, so the same try fails again.</summary>
    public static readonly FailureRule ErrorEvent =
        new(ErrorCodes.ProviderError, FailureClass.FallBackWithNotice,
            "broke the answer off with an error",
            "Read its message; check that the conversation fits the model's window.")
        {
            Fallback = Fallback.Allowed,
        };

    public static readonly FailureRule UnknownInStream =
        new(ErrorCodes.ProviderError, FailureClass.RetryOnce, "broke the answer off with an error", Wait);

    public static readonly FailureRule Redirect =
        new(ErrorCodes.ProviderError, FailureClass.FallBackWithNotice,
            "redirects to another address",
            "Redirects are not followed, to keep key and prompt on the configured host. Correct the provider's base URL.");

    public static readonly FailureRule OtherClientError =
        new(ErrorCodes.ProviderError, FailureClass.Stop, "refused the request", "Repeating it will not help; read the provider's message.");

    public static readonly FailureRule OtherServerError =
        new(ErrorCodes.ProviderError, FailureClass.RetryShort, "failed with an unusual status", Wait);

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
