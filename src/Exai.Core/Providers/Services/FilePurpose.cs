using Exai.Protocol;

namespace Exai.Core.Providers.Services;

/// <summary>What a provider takes for one purpose; checked before anything is sent.</summary>
/// <param name="MaxBytes">Of one file.</param>
/// <param name="Extensions">With their dots, lower-case; null for any.</param>
internal sealed record FilePurpose(string Name, long MaxBytes, IReadOnlyList<string>? Extensions = null)
{
    private const int Megabyte = 1024 * 1024;

    private static readonly string[] Images = [".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp"];

    /// <summary>A lower bound for images; null when they have none of their own.</summary>
    public long? MaxImageBytes { get; init; }

    public static long Megabytes(int count) => (long)count * Megabyte;

    public static FilePurpose Find(IReadOnlyList<FilePurpose> purposes, string name, string provider) =>
        purposes.FirstOrDefault(purpose => purpose.Name == name)
        ?? throw new CallException(
            ErrorCodes.InvalidArgument, $"{provider} keeps no files for the purpose '{name}'. It knows {string.Join(", ", purposes.Select(purpose => purpose.Name))}.");

    /// <exception cref="CallException">INVALID_ARGUMENT or FILE_TOO_LARGE.</exception>
    public void Check(FileUpload file, string provider)
    {
        var name = UploadBody.BareName(file.Name);
        var extension = Path.GetExtension(name).ToLowerInvariant();
        if (name.Length == 0)
            throw new CallException(ErrorCodes.InvalidArgument, "A file without a name was given; the provider tells its kind by the name. Name it.");
        if (file.Bytes.IsEmpty)
            throw new CallException(ErrorCodes.InvalidArgument, $"The file {name} is empty; {provider} takes none. Name another one.");
        if (Extensions is not null && !Extensions.Contains(extension, StringComparer.Ordinal))
            throw new CallException(ErrorCodes.InvalidArgument, $"{provider} takes no {(extension.Length == 0 ? "file without extension" : extension + " file")} for {Name}: {name}. It takes {string.Join(", ", Extensions)}.");

        var limit = MaxImageBytes is { } images && Images.Contains(extension, StringComparer.Ordinal) ? images : MaxBytes;
        if (file.Bytes.Length > limit)
            throw new CallException(
                ErrorCodes.FileTooLarge, $"The file {name} has {file.Bytes.Length / (double)Megabyte:0.#} MB; {provider} takes {limit / Megabyte} MB for {Name}. Send a smaller one.");
    }
}
