using System.Text;
using Exai.Core.Models;
using Exai.Core.Providers;
using Exai.Core.Providers.Services;
using Exai.Core.Threads;
using Exai.Protocol;

namespace Exai.Core.Tools.Files;

/// <summary>What of a call's files a model can be shown, and what not, with the reason.</summary>
internal sealed record CallFiles
{
    /// <summary>Those of the call first, then those that the thread has seen, newest first; each path once.</summary>
    public IReadOnlyList<QuestionFile> Texts { get; init; } = [];

    public IReadOnlyList<QuestionImage> Images { get; init; } = [];

    /// <summary>What the thread has seen before: shown again to a model that sees, and asked of none.</summary>
    public IReadOnlyList<QuestionImage> EarlierImages { get; init; } = [];

    /// <summary>Named and not to be shown: a line for each.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>What the thread keeps of this call's files.</summary>
    public IReadOnlyList<FileReference> References { get; init; } = [];

    /// <summary>The problems for the one who asked, or for the model; empty without any.</summary>
    public string Note => Problems.Count == 0 ? "" : $"Files that could not be included:\n{string.Join('\n', Problems.Select(problem => "- " + problem))}";
}

/// <summary>The text in a document, as a provider reads it.</summary>
/// <exception cref="ProviderException">It could not be read.</exception>
/// <exception cref="CallException">It is nothing that the provider takes.</exception>
internal delegate Task<string> DocumentReader(FileUpload file, CancellationToken cancellationToken);

/// <summary>Gathers the files of a call: those attached to it and those that its thread has seen, each in its latest version.</summary>
/// <param name="documents">Reads what is no text, such as a PDF; null when nobody can.</param>
internal sealed class FileGatherer(IFileContents contents, DocumentReader? documents = null)
{
    /// <summary>What to do when a client sends no files.</summary>
    public const string HowToSend =
        "Files are read by `exai shim` on the client's machine, or by the daemon for a client that speaks HTTP on its machine. Connect it one of these ways, or give text in the prompt and images as data URLs.";

    /// <param name="attached">What came with the call.</param>
    /// <param name="named">The paths in the call's arguments: one that came with nothing is told as a problem.</param>
    /// <param name="images">Pictures in the arguments: data URLs, or paths.</param>
    /// <exception cref="CallException">FILE_DENIED for a refused file; FILE_NOT_FOUND when all were sent for and none can be read.</exception>
    public async ValueTask<CallFiles> GatherAsync(
        IReadOnlyList<AttachedFile> attached, IReadOnlyList<string> named, IReadOnlyList<string> images, ConversationThread? thread, CancellationToken cancellationToken)
    {
        if (attached.FirstOrDefault(file => file.ErrorCode == ErrorCodes.FileDenied) is { } denied)
        {
            throw new CallException(ErrorCodes.FileDenied, $"{denied.Path}: {denied.Error} Nothing was asked. Leave the file out, or allow its folder with EXAI_ALLOWED_ROOTS.");
        }

        var problems = new List<string>();
        var texts = new List<QuestionFile>();
        var pictures = new List<QuestionImage>();
        var references = new List<FileReference>();
        foreach (var file in attached.DistinctBy(file => (file.Path, file.Sha256, file.Error)))
        {
            if (file.Sha256 is null)
            {
                problems.Add($"{file.Path}: {file.Error ?? "it could not be read."}");
            }
            else if (await ReadAsync(new FileReference(file.Path, file.Sha256) { MediaType = file.MediaType }, texts, pictures, cancellationToken) is { } problem)
            {
                problems.Add(problem);
            }
            else
            {
                references.Add(new FileReference(file.Path, file.Sha256) { MediaType = file.MediaType });
            }
        }

        if (attached.Count > 0 && references.Count == 0)
        {
            var code = attached.All(file => file.ErrorCode == ErrorCodes.FileTooLarge) ? ErrorCodes.FileTooLarge : ErrorCodes.FileNotFound;
            throw new CallException(code, $"None of the {attached.Count} named files could be read. Nothing was asked.\n{string.Join('\n', problems)}");
        }

        var sent = attached.Select(file => file.Path).ToHashSet(StringComparer.Ordinal);
        problems.AddRange(named.Where(path => attached.Count == 0 && !sent.Contains(path)).Select(path => $"{path}: it was named, but this client sent no files. {HowToSend}"));
        pictures.AddRange(DataImages(images));
        pictures.AddRange(images.Where(IsLink).Select(LinkedImage));
        problems.AddRange(images.Where(image => !IsGiven(image) && attached.All(file => file.Argument != "images")).Select(path => $"{path}: this client sent no images. {HowToSend}"));
        var earlier = new List<QuestionImage>();
        await RecallAsync(thread, sent, texts, earlier, cancellationToken);
        return new CallFiles { Texts = texts, Images = pictures, EarlierImages = earlier, Problems = problems, References = references };
    }

    /// <summary>What earlier turns have seen and this call does not bring again.</summary>
    private async ValueTask RecallAsync(
        ConversationThread? thread, HashSet<string> sent, List<QuestionFile> texts, List<QuestionImage> pictures, CancellationToken cancellationToken)
    {
        var seen = new HashSet<string>(sent, StringComparer.Ordinal);
        foreach (var file in (thread?.Turns ?? []).Reverse().SelectMany(turn => turn.Files))
        {
            if (seen.Add(file.Path))
            {
                // One that is no longer kept was told of in its time.
                await ReadAsync(file, texts, pictures, cancellationToken);
            }
        }
    }

    private async ValueTask<string?> ReadAsync(FileReference file, List<QuestionFile> texts, List<QuestionImage> pictures, CancellationToken cancellationToken)
    {
        if (await contents.FindAsync(file.Sha256, cancellationToken) is not { } bytes)
        {
            return $"{file.Path}: its content is no longer kept; name it again.";
        }

        if (file.MediaType?.StartsWith("image/", StringComparison.Ordinal) == true)
        {
            pictures.Add(new QuestionImage(file.MediaType, bytes));
            return null;
        }

        if (TextOf(bytes.Span) is { } text)
        {
            texts.Add(new QuestionFile(file.Path, text));
            return null;
        }

        return documents is null
            ? $"{file.Path}: it is no text ({bytes.Length:N0} bytes)."
            : await ReadDocumentAsync(documents, new FileUpload(file.Path, bytes) { MediaType = file.MediaType }, texts, cancellationToken);
    }

    private static async ValueTask<string?> ReadDocumentAsync(DocumentReader documents, FileUpload file, List<QuestionFile> texts, CancellationToken cancellationToken)
    {
        try
        {
            texts.Add(new QuestionFile(file.Name, await documents(file, cancellationToken)));
            return null;
        }
        catch (Exception failure) when (failure is ProviderException or CallException)
        {
            return $"{file.Name}: {failure.Message}";
        }
    }

    private static string? TextOf(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith(Encoding.Unicode.Preamble) || bytes.StartsWith(Encoding.BigEndianUnicode.Preamble))
        {
            return (bytes[0] == 0xFF ? Encoding.Unicode : Encoding.BigEndianUnicode).GetString(bytes[2..]);
        }

        if (bytes.IndexOf((byte)0) >= 0 || bytes.StartsWith("%PDF-"u8))
        {
            return null;
        }

        try
        {
            var text = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(bytes);
            return text.TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            // An older file: in most such the letters that matter are Western.
            return Encoding.Latin1.GetString(bytes);
        }
    }

    /// <summary>Whether an image needs nobody to read it: a data URL, or a link that the provider follows.</summary>
    public static bool IsGiven(string image) => IsData(image) || IsLink(image);

    private static bool IsLink(string image) =>
        image.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || image.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    private static QuestionImage LinkedImage(string image) => Uri.TryCreate(image, UriKind.Absolute, out var link)
        ? new QuestionImage("image/*", ReadOnlyMemory<byte>.Empty) { Link = link }
        : throw ToolArguments.Invalid($"'images' holds '{image}', which is no link; it must look like https://example.com/picture.png.");

    private static bool IsData(string image) => image.StartsWith("data:", StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<QuestionImage> DataImages(IReadOnlyList<string> images)
    {
        foreach (var image in images.Where(IsData))
        {
            var comma = image.IndexOf(',', StringComparison.Ordinal);
            var head = comma < 0 ? "" : image["data:".Length..comma];
            var bytes = new byte[image.Length];
            if (!head.EndsWith(";base64", StringComparison.OrdinalIgnoreCase) || !Convert.TryFromBase64String(image[(comma + 1)..], bytes, out var length))
            {
                throw ToolArguments.Invalid("An entry of 'images' is no data URL that can be read; it must look like data:image/png;base64,AAAA.");
            }

            yield return new QuestionImage(head[..^";base64".Length], bytes.AsMemory(0, length));
        }
    }
}
