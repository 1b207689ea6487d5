using System.Text.Json;

namespace Exai.Core.Providers.Failures;

/// <summary>An error as the provider wrote it, uncleaned: pass every text through <see cref="FailureText"/> before it is shown.</summary>
internal sealed record VendorError(string? Code = null, string? Type = null, string? Message = null)
{
    public static readonly VendorError None = new();

    /// <summary>llama.cpp: tokens of the refused prompt and of the window.</summary>
    public (long Prompt, long Window)? Overflow { get; init; }

    /// <summary>OpenRouter: the moderation's reasons stand beside the error.</summary>
    public bool Moderated { get; init; }

    /// <summary>The status of the failure itself: some servers put the upstream's into the code of an error sent with status 200.</summary>
    public int EffectiveStatus(int httpStatus) =>
        httpStatus == 200 && int.TryParse(Code, out var code) && code is >= 400 and <= 599 ? code : httpStatus;

    public bool Has(string code) =>
        string.Equals(Code, code, StringComparison.OrdinalIgnoreCase) || string.Equals(Type, code, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// The error in a chunk or body, in any of the known shapes: an <c>error</c> object or string, flat <c>code</c> with <c>message</c>
    /// or <c>msg</c>, <c>object: "error"</c>. Null when the JSON holds none.
    /// </summary>
    /// <param name="root">A whole chunk or body.</param>
    /// <param name="surely">It came with an error status or an error event, so any message in it counts.</param>
    public static VendorError? Find(JsonElement root, bool surely = false)
    {
        if (root.ValueKind == JsonValueKind.String && surely)
            return new VendorError(Message: root.Text());
        if (root.ValueKind != JsonValueKind.Object)
            return surely ? None : null;
        if (root.TryGetProperty("error", out var error))
        {
            if (error.ValueKind == JsonValueKind.Object && error.EnumerateObject().Any())
                return Describe(error, root);
            if (error.ValueKind == JsonValueKind.String && error.Text() is { Length: > 0 } text)
                return Describe(root, root) with { Message = text };
        }

        return surely || IsFlat(root) ? Describe(root, root) : null;
    }

    private static bool IsFlat(JsonElement root)
    {
        if (root.Says("object", "error"))
            return true;
        if (root.TryGetProperty("choices", out _))
            return false;

        // Some gateways say success in the same shape.
        return CodeOf(root) is { } code && code is not ("0" or "200") && (root.Text("message") ?? root.Text("msg")) is not null;
    }

    private static VendorError Describe(JsonElement error, JsonElement root)
    {
        var prompt = error.Number("n_prompt_tokens") ?? root.Number("n_prompt_tokens");
        var window = error.Number("n_ctx") ?? root.Number("n_ctx");
        return new VendorError(CodeOf(error), Meaningful(error.Text("type")), error.Text("message") ?? error.Text("msg") ?? error.Text("detail"))
        {
            Overflow = prompt is { } p && window is { } w ? (p, w) : null,
            Moderated = error.Object("metadata").HasItems("reasons"),
        };
    }

    private static string? CodeOf(JsonElement error) =>
        error.TryGetProperty("code", out var code)
            ? code.ValueKind switch
            {
                JsonValueKind.String => Meaningful(code.Text()),
                JsonValueKind.Number => code.GetRawText(),
                _ => null,
            }
            : null;

    // new-api prints an absent Go value.
    private static string? Meaningful(string? text) => text is null or "" or "<nil>" ? null : text;
}
