using System.Text.RegularExpressions;
using Exai.Core.Providers.Failures;
using Exai.Protocol;

namespace Exai.Core.Providers.Kimi;

/// <summary>Kimi's error types; one 429 stands for four causes, which the type tells apart.</summary>
internal static partial class KimiFailures
{
    private const string Wait = "Wait a moment and ask again, or choose another model.";

    private const string TierZero =
        "The key is fine. These are the limits of Tier 0, an account with less than $10 (¥50 on the .cn host) of top-ups in all: 1 request at a time "
        + "and 3 a minute. Top up to that sum for Tier 1, with 50 at a time and 200 a minute; until then set EXAI_WS_KIMI_MAX_INFLIGHT to 1 and wait "
        + "20 s between questions.";

    public static readonly IReadOnlyList<FailureRow> Rules =
    [
        FailureRow.Code("content_filter")
            .Means(ErrorCodes.ContentFiltered, FailureClass.Stop, "blocked the request by its content filter", "Rephrase it."),
        FailureRow.Code("invalid_request_error").Saying("Input token length too long", "exceeded model token limit").Means(ErrorCodes.ContextTooLarge, FailureClass.Shrink,
            "says the conversation is too long for the model",
            "Shorten the conversation, start a new thread, or choose a model with a larger window."),
        FailureRow.Code("invalid_request_error").WithStatus(400).Means(ErrorCodes.ProviderError, FailureClass.Stop,
            "refused the request as malformed",
            "This is a fault of this program; please report the message."),
        FailureRow.Code("invalid_authentication_error", "incorrect_api_key_error").Means(ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice,
            "rejected the API key: it is wrong or for the other host",
            "Check KIMI_API_KEY; keys of api.moonshot.ai and of api.moonshot.cn are not interchangeable, KIMI_API_URL says which host is asked."),
        FailureRow.Code("permission_denied_error")
            .Means(ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, "refused access", "Check the account's permissions, plan and balance."),
        FailureRow.Code("resource_not_found_error")
            .Means(ErrorCodes.ModelNotFound, FailureClass.FallBackWithNotice, "no longer offers the model, or never did", "Choose another model."),
        FailureRow.Code("rate_limit_reached_error").Saying(SpeaksOfTierZero())
            .Means(ErrorCodes.RateLimited, FailureClass.RetryShort, "limits the account's rate of requests", TierZero),
        FailureRow.Code("rate_limit_reached_error").Means(ErrorCodes.RateLimited, FailureClass.RetryShort,
            "limits the account's rate of requests (concurrency, requests or tokens a minute, tokens a day)",
            "The key is fine. Wait a moment, or lower EXAI_WS_KIMI_MAX_INFLIGHT; a higher tier raises the limits."),
        FailureRow.Code("rate_limit_error").Saying("overloaded")
            .Means(ErrorCodes.ProviderError, FailureClass.RetryLong, "is overloaded, or the plan's limit is reached", Wait),
        FailureRow.Code("exceeded_current_quota_error").Means(ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice,
            "says the balance or the token quota is used up",
            "Top up the account or choose another provider."),
        FailureRow.Status(401).Means(ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice,
            "rejected the API key: it is wrong or for the other host",
            "Check KIMI_API_KEY; keys of api.moonshot.ai and of api.moonshot.cn are not interchangeable, KIMI_API_URL says which host is asked."),
        FailureRow.Status(402)
            .Means(ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, "says the membership does not cover this", "Check the account's plan and balance."),
        FailureRow.Status(403)
            .Means(ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, "refused access", "Check the account's permissions, plan and balance."),
    ];

    public static readonly FailureRule ThinkingRefused =
        new(ErrorCodes.ProviderError, FailureClass.RetryOnce,
            "does not let this model's thinking be switched off",
            "The next try leaves it to the model.");

    [GeneratedRegex(@"concurrency\W{0,3}1\b|\brpm\W{0,3}3\b|\btier[ -]?0\b|\btier\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SpeaksOfTierZero();
}
