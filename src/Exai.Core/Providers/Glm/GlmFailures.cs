using Exai.Core.Providers.Failures;
using Exai.Protocol;

namespace Exai.Core.Providers.Glm;

/// <summary>GLM's business codes. They are the same whether they come with a status or within a stream, so most rows name no status.</summary>
internal static class GlmFailures
{
    private const string Wait = "Wait a moment and ask again, or choose another model.";
    private const string TooLong = "Shorten the conversation, start a new thread, or choose a model with a larger window.";

    private const string CodingBase =
        "Top up, or correct GLM_API_URL: keys of the coding plan work at …/api/coding/paas/v4 only, all others at …/api/paas/v4 only.";

    public static readonly IReadOnlyList<FailureRow> Rules =
    [
        FailureRow.Code("1301", "1300")
            .Means(ErrorCodes.ContentFiltered, FailureClass.Stop, "blocked the request or its answer by the content filter", "Rephrase it."),
        FailureRow.Code("1261").Means(ErrorCodes.ContextTooLarge, FailureClass.Shrink, "says the conversation is too long for the model", TooLong),
        FailureRow.Code("1210").Saying("tokens in request more than max")
            .Means(ErrorCodes.ContextTooLarge, FailureClass.Shrink, "says the conversation is too long for the model", TooLong),
        FailureRow.Code("1210", "1212", "1213", "1214", "1215").Means(ErrorCodes.ProviderError, FailureClass.Stop,
            "refused the request as malformed",
            "This is a fault of this program; please report the message."),
        FailureRow.Code("1231").Means(ErrorCodes.ProviderError, FailureClass.RetryOnce, "saw the request's id twice", "Ask again.")
            .Then(Fallback.None),
        FailureRow.Code("1000", "1001", "1002", "1003", "1004", "1005")
            .Means(ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice, "rejected the API key", "Check GLM_API_KEY."),
        FailureRow.Code("1100", "1110", "1111", "1112", "1120", "1121").Means(ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice,
            "reports a problem with the account",
            "Look at the account on the provider's site."),
        FailureRow.Code("1211").Means(ErrorCodes.ModelNotFound, FailureClass.FallBackWithNotice, "does not know the model", "Choose another model."),
        FailureRow.Code("1220", "1221", "1222").Means(ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice,
            "does not offer this to the key",
            "Choose another model, or a key that may use it."),
        FailureRow.Code("1200", "1230", "1234").Means(ErrorCodes.ProviderError, FailureClass.RetryShort, "has trouble on its side", Wait),
        FailureRow.Code("1113").Means(ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice,
            "says the account has no balance, or the key is not for this endpoint",
            CodingBase),
        FailureRow.Code("1302", "1303").Means(ErrorCodes.RateLimited, FailureClass.RetryShort,
            "limits how many requests the account may run at a time (its concurrency, per model)",
            "The key is fine. Wait a moment, or lower EXAI_WS_GLM_MAX_INFLIGHT; the account's own limits stand on the provider's site."),
        FailureRow.Code("1305").Means(ErrorCodes.ProviderError, FailureClass.RetryLong, "is overloaded", Wait),
        FailureRow.Code("1304", "1308", "1310", "1316", "1317", "1318", "1319", "1320", "1321").Means(ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice,
            "says the plan's usage is used up",
            "Wait for the reset or choose another provider.").Then(Fallback.Allowed).ComingBack(),
        FailureRow.Code("1309", "1311", "1313", "1314", "1315").Means(ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice,
            "says the plan does not allow this",
            "Look at the plan on the provider's site, or choose another model."),
        FailureRow.Code("1701")
            .Means(ErrorCodes.RateLimited, FailureClass.RetryShort, "has its web search busy", "Wait a moment, or ask without web search.")
            .Then(Fallback.WithoutSearch),
        FailureRow.Code("1702").Means(ErrorCodes.ProviderError, FailureClass.Stop,
            "has no such search engine",
            "Correct GLM_WEBSEARCH_ENGINE, or ask without web search.").Then(Fallback.WithoutSearch),
        FailureRow.Code("1703").Means(ErrorCodes.ProviderError, FailureClass.Stop, "found nothing on the web", "Ask without web search.")
            .Then(Fallback.WithoutSearch),
        FailureRow.Status(404, 434).Means(ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice,
            "does not offer this to the key",
            "Check the model's id and GLM_API_URL."),
        FailureRow.Status(435).Means(ErrorCodes.FileTooLarge, FailureClass.Stop, "refused a file over 100 MB", "Send a smaller file."),
    ];

    public static readonly IReadOnlyDictionary<string, FailureRule> Finishes = new Dictionary<string, FailureRule>(SharedFailures.Finishes, StringComparer.OrdinalIgnoreCase)
    {
        ["sensitive"] = new(ErrorCodes.ContentFiltered, FailureClass.Stop, "withdrew the answer by its content filter", "Rephrase the request."),
        ["network_error"] = new(ErrorCodes.ProviderError, FailureClass.RetryShort, "lost the model while it answered", Wait),
        ["model_context_window_exceeded"] = new(ErrorCodes.ContextTooLarge, FailureClass.Shrink, "ran out of the model's window", TooLong),
    };
}
