using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.InteropServices;
using Exai.Protocol;

namespace Exai.Packaging.Tests.Packages;

/// <summary>What <c>./build.sh pack</c> made. A test whose package is not there skips.</summary>
internal static class Artifacts
{
    public static string Folder { get; } = RepositoryFiles.Find("artifacts");

    /// <summary>This machine's name among the systems that packages are made for.</summary>
    public static string System { get; } = $"linux-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}";

    public static string NuGetPackage => Require($"Exai.{Version}.nupkg");

    public static string Archive => Require($"exai-{Version}-{System}.tar.gz");

    public static string Bundle => Require($"exai-{Version}-{System}.mcpb");

    /// <summary>Of the built program, without the commit.</summary>
    public static string Version => Product.Version;

    /// <summary>Every package, whatever systems they are for.</summary>
    public static IReadOnlyList<string> All => Directory.Exists(Folder)
        && Directory.GetFiles(Folder).Where(file => Path.GetFileName(file).StartsWith("exai", StringComparison.OrdinalIgnoreCase)).ToList() is { Count: > 0 } packages
            ? packages
            : Missing<IReadOnlyList<string>>("any package");

    /// <summary>The files in a package of whatever kind, with their content.</summary>
    public static IEnumerable<(string Name, byte[] Content)> Entries(string package)
    {
        using var file = File.OpenRead(package);
        if (package.EndsWith(".tar.gz", StringComparison.Ordinal))
        {
            using var unzipped = new GZipStream(file, CompressionMode.Decompress);
            using var tar = new TarReader(unzipped);
            while (tar.GetNextEntry(copyData: true) is { } entry)
            {
                if (entry.DataStream is { } data)
                {
                    yield return (entry.Name, Read(data));
                }
            }
        }
        else
        {
            using var zip = new ZipArchive(file);
            foreach (var entry in zip.Entries.Where(entry => !entry.FullName.EndsWith('/')))
            {
                using var data = entry.Open();
                yield return (entry.FullName, Read(data));
            }
        }
    }

    /// <summary>Unpacks the archive of this machine's system as a user does.</summary>
    /// <returns>The path of its <c>exai</c>.</returns>
    public static string UnpackArchive(string folder)
    {
        using var unzipped = new GZipStream(File.OpenRead(Archive), CompressionMode.Decompress);
        TarFile.ExtractToDirectory(unzipped, Directory.CreateDirectory(folder).FullName, overwriteFiles: false);
        return Path.Combine(folder, $"exai-{Version}-{System}", "exai");
    }

    private static byte[] Read(Stream stream)
    {
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }

    private static string Require(string name) => Path.Combine(Folder, name) is var path && File.Exists(path) ? path : Missing<string>(name);

    private static T Missing<T>(string what)
    {
        Assert.Skip($"There is not {what} in artifacts; './build.sh pack' makes it.");
        throw new InvalidOperationException();
    }
}
