using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Exai.Packaging.Tests.Packages;

/// <summary>What must not be in any package, and the list that proves a download.</summary>
public sealed partial class ContentTests
{
    private static readonly string[] TextFiles = [".json", ".md", ".nuspec", ".xml", ".example", "LICENSE"];

    [Fact]
    public void No_file_names_a_folder_of_the_machine_that_built_it()
    {
        byte[][] folders = [.. new[] { RepositoryFiles.Root, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) + "/.nuget" }.SelectMany(
            folder => new[] { Encoding.UTF8.GetBytes(folder), Encoding.Unicode.GetBytes(folder) })];

        var found = Artifacts.All.SelectMany(package => Artifacts.Entries(package)
            .Where(entry => Array.Exists(folders, folder => entry.Content.AsSpan().IndexOf(folder) >= 0))
            .Select(entry => $"{Path.GetFileName(package)}: {entry.Name}"));

        found.ShouldBeEmpty();
    }

    /// <summary>Trap 208.</summary>
    [Fact]
    public void No_package_holds_a_secret_or_a_file_that_is_made_for_one()
    {
        foreach (var (name, content) in Artifacts.All.SelectMany(Artifacts.Entries))
        {
            Path.GetFileName(name).ShouldNotBeOneOf("token", ".env", "health.json", "daemon.json", "providers.json", "exai.db");
            Path.GetExtension(name).ShouldNotBeOneOf(".pdb", ".key", ".pem", ".pfx", ".snk", ".log", ".user");
            if (TextFiles.Any(ending => name.EndsWith(ending, StringComparison.Ordinal)))
            {
                KeyForm().Matches(Encoding.UTF8.GetString(content)).ShouldBeEmpty(name);
            }
        }
    }

    [Fact]
    public void The_list_of_checksums_is_that_of_the_files()
    {
        var sums = Artifacts.All.Order(StringComparer.Ordinal)
            .Select(file => $"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)))}  {Path.GetFileName(file)}");

        File.ReadLines(Path.Combine(Artifacts.Folder, "SHA256SUMS")).Order(StringComparer.Ordinal).ShouldBe(sums.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("sk-0123456789abcdef0123")]
    [InlineData("0123456789abcdef0123456789abcdef.AbCdEfGh12345678")]
    [InlineData("-----BEGIN OPENSSH PRIVATE KEY-----")]
    public void A_key_would_be_seen(string key) => KeyForm().IsMatch($"GLM_API_KEY={key}").ShouldBeTrue();

    [GeneratedRegex("\\b(?:sk|pk|ghp|gho|ghs|glpat|xox[abp])[-_][A-Za-z0-9_-]{16,}|\\b[0-9a-f]{32}\\.[A-Za-z0-9]{16}\\b|\\bAKIA[A-Z0-9]{16}\\b|-----BEGIN [A-Z ]*PRIVATE KEY")]
    private static partial Regex KeyForm();
}
