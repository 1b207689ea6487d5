using System.Text;

namespace Exai.EndToEnd.Tests.Harness;

/// <summary>
/// The built program under another version: a copy in which only the version's text differs, so it is the same code and takes no time to build.
/// </summary>
internal static class ProgramCopy
{
    private const string Holder = "Exai.Protocol.dll";

    /// <summary>Whether a copy can be made: not of a program that is one file.</summary>
    public static bool CanCopy(string program) => File.Exists(Path.Combine(Path.GetDirectoryName(program)!, Holder));

    /// <param name="program">The path of <c>exai</c>; what it needs lies beside it.</param>
    /// <param name="known">The version that it has.</param>
    /// <param name="wanted">One of the same length.</param>
    /// <returns>The path of the copy's <c>exai</c>.</returns>
    public static string WithVersion(string program, string folder, string known, string wanted)
    {
        var source = Path.GetDirectoryName(program)!;
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(source).Where(file => Path.GetExtension(file) is ".dll" or ".json" or ""))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        Directory.CreateSymbolicLink(Path.Combine(folder, "runtimes"), Path.Combine(source, "runtimes"));
        var holder = Path.Combine(folder, Holder);
        var image = File.ReadAllBytes(holder);
        byte[] old = Encoding.UTF8.GetBytes(known), text = Encoding.UTF8.GetBytes(wanted);
        if (text.Length != old.Length)
        {
            throw new ArgumentException($"'{wanted}' is not as long as '{known}', where it is to stand.", nameof(wanted));
        }

        for (var at = image.AsSpan().IndexOf(old); at >= 0; at = image.AsSpan().IndexOf(old))
        {
            text.CopyTo(image, at);
        }

        File.WriteAllBytes(holder, image);
        return Path.Combine(folder, Path.GetFileName(program));
    }
}
