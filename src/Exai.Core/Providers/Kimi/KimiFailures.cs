using Exai.Core.Providers.Failures;
using Exai.Protocol;

namespace Exai.Core.Providers.Kimi;

/// <summary>Kimi's error types; one 429 stands for four causes, which the type tells apart.</summary>
internal static class KimiFailures
{
    private const string Wait = "Wait a moment and ask again, or choose another model.";

    public static readonly IReadOnlyList<FailureRule> Rules =
    [
        new() { Codes = ["content_filter"], Error = ErrorCodes.ContentFiltered, Class = FailureClass.Stop, What = "blocked the request by its content filter", Advice = "Rephrase it." },
        new() { Codes = ["invalid_request_error"], Words = ["Input token length too long", "exceeded model token limit"], Error = ErrorCodes.ContextTooLarge, Class = FailureClass.Shrink, What = "says the conversation is too long for the model", Advice = "Shorten the conversation, start a new thread, or choose a model with a larger window." },
        new() { Statuses = [400], Codes = ["invalid_request_error"], Error = ErrorCodes.ProviderError, Class = FailureClass.Stop, What = "refused the request as malformed", Advice = "This is a fault of this program; please report the message." },
        new() { Codes = ["invalid_authentication_error", "incorrect_api_key_error"], Error = ErrorCodes.ProviderAuth, Class = FailureClass.FallBackWithNotice, What = "rejected the API key: it is wrong or for the other host", Advice = "Check KIMI_API_KEY; keys of api.moonshot.ai and of api.moonshot.cn are not interchangeable, KIMI_API_URL says which host is asked." },
        new() { Codes = ["permission_denied_error"], Error = ErrorCodes.ProviderAuth, Class = FailureClass.FallBackWithNotice, What = "refused access", Advice = "Check the account's permissions, plan and balance." },
        new() { Codes = ["resource_not_found_error"], Error = ErrorCodes.ModelNotFound, Class = FailureClass.FallBackWithNotice, What = "no longer offers the model, or never did", Advice = "Choose another model." },
        new() { Codes = ["rate_limit_reached_error"], Error = ErrorCodes.RateLimited, Class = FailureClass.RetryShort, What = "limits the account's rate of requests", Advice = "The key is fine. Wait a moment, or lower the provider's concurrency limit." },
        new() { Codes = ["rate_limit_error"], Words = ["overloaded"], Error = ErrorCodes.ProviderError, Class = FailureClass.RetryLong, What = "is overloaded, or the plan's limit is reached", Advice = Wait },
        new() { Codes = ["exceeded_current_quota_error"], Error = ErrorCodes.ProviderQuota, Class = FailureClass.FallBackWithNotice, What = "says the balance or the token quota is used up", Advice = "Top up the account or choose another provider." },
        new() { Statuses = [401], Error = ErrorCodes.ProviderAuth, Class = FailureClass.FallBackWithNotice, What = "rejected the API key: it is wrong or for the other host", Advice = "Check KIMI_API_KEY; keys of api.moonshot.ai and of api.moonshot.cn are not interchangeable, KIMI_API_URL says which host is asked." },
        new() { Statuses = [402, 403], Error = ErrorCodes.ProviderQuota, Class = FailureClass.FallBackWithNotice, What = "refused access", Advice = "Check the account's permissions, plan and balance." },
    ];

    public static readonly FailureRule ThinkingRefused =
        new() { Error = ErrorCodes.ProviderError, Class = FailureClass.RetryOnce, What = "does not let this model's thinking be switched off", Advice = "The next try leaves it to the model." };
}
