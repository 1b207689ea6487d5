using Exai.Core.Models.Catalogue;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.OpenAiCompatible;

/// <summary>Which images a provider takes; checked before anything is sent, since its own refusals say little.</summary>
internal sealed record ImageRules
{
    /// <summary>Base64 within the request.</summary>
    public bool Data { get; init; } = true;

    /// <summary>Addresses that the provider fetches itself, over http or https.</summary>
    public bool Links { get; init; } = true;

    /// <summary>The scheme of the provider's own file references; null when it has none.</summary>
    public string? FileScheme { get; init; }

    public int MaxCount { get; init; } = int.MaxValue;

    /// <summary>Of one image, decoded.</summary>
    public long MaxBytes { get; init; } = long.MaxValue;

    /// <summary>Media types; empty for any image.</summary>
    public IReadOnlyList<string> Types { get; init; } = [];

    /// <param name="model">Null for a model that nobody knows: it may see.</param>
    /// <param name="seeing">The models to name in place of one that cannot see.</param>
    /// <exception cref="CallException">INVALID_ARGUMENT or FILE_TOO_LARGE.</exception>
    public void Check(ChatRequest request, ModelInfo? model, IEnumerable<string> seeing)
    {
        var images = request.Messages.SelectMany(message => message.Contents).Where(content => content is DataContent or UriContent).ToList();
        if (images.Count == 0)
            return;

        foreach (var image in images)
            CheckOne(image, request.Model);
        if (model is { Vision: false })
            throw Refused(request.Model, $"{request.Model} takes no images. Models that do: {string.Join(", ", seeing)}.");
        if (images.Count > MaxCount)
            throw Refused(request.Model, $"{images.Count} images were given; {request.Model} takes {MaxCount} in one request. Send fewer.");
    }

    private void CheckOne(AIContent content, string model)
    {
        var type = content is DataContent data ? data.MediaType : ((UriContent)content).MediaType;
        if (!type.StartsWith("image/", StringComparison.OrdinalIgnoreCase))
            throw Refused(model, $"A message holds data of type {type}; models take images only. Send other files as text.");
        if (Types.Count > 0 && type != "image/*" && !Types.Contains(type, StringComparer.OrdinalIgnoreCase))
            throw Refused(model, $"An image is of type {type}; {model} takes {string.Join(", ", Types)}. Convert it.");

        if (content is UriContent link && link.Uri.Scheme != "data")
            CheckLink(link.Uri.Scheme, model);
        else if (!Data)
            throw Refused(model, $"{model} takes images by http link only, not as data. Give a link, or ask another model.");
        else if (content is DataContent { Data.Length: var bytes } && bytes > MaxBytes)
            throw TooLarge(model, bytes);
    }

    private void CheckLink(string scheme, string model)
    {
        if (scheme is "http" or "https" ? Links : scheme == FileScheme)
            return;

        var takes = new[] { Data ? "image data" : null, Links ? "http links" : null, FileScheme is null ? null : FileScheme + ":// references" }.OfType<string>();
        throw Refused(model, $"An image is given as a {scheme} link; {model} takes {string.Join(" and ", takes)}. Send the image itself.");
    }

    private CallException TooLarge(string model, int bytes) => new(new CallError
    {
        Code = ErrorCodes.FileTooLarge,
        Model = model,
        Message = $"An image has {bytes / (1024 * 1024d):0.#} MB; {model} takes up to {MaxBytes / (1024 * 1024)} MB. Make it smaller.",
    });

    private static CallException Refused(string model, string message) =>
        new(new CallError { Code = ErrorCodes.InvalidArgument, Model = model, Message = message });
}
