using System.Security.Cryptography;
using Exai.Protocol;
using Exai.Testing.Files;

namespace Exai.Files.Tests;

public sealed class FileRulesTests : IDisposable
{
    private readonly TempProject _project = new();

    public void Dispose() => _project.Dispose();

    [Fact]
    public async Task File_in_the_workspace_is_listed_with_its_hash_and_can_be_read_again()
    {
        var path = _project.Write("src/a.cs", "class A;\n");

        var collected = await _project.CollectAsync(path);

        var file = collected.Files.ShouldHaveSingleItem();
        file.ShouldBe(new SentFile
        {
            Argument = "files",
            Path = "src/a.cs",
            Bytes = 9,
            MediaType = "text/plain",
            Sha256 = Convert.ToHexStringLower(SHA256.HashData("class A;\n"u8)),
        });
        using var content = new StreamReader(collected.Blobs.ShouldHaveSingleItem().Open());
        (await content.ReadToEndAsync()).ShouldBe("class A;\n");
    }

    /// <summary>Trap 191.</summary>
    [Theory]
    [InlineData("src/a.cs")]
    [InlineData("./src/../src/a.cs")]
    [InlineData("FILE_URL")]
    public async Task Path_in_another_spelling_is_found(string written)
    {
        var path = _project.Write("src/a.cs");

        var collected = await _project.CollectAsync(written == "FILE_URL" ? new Uri(path).AbsoluteUri : written);

        collected.Files.ShouldHaveSingleItem().Path.ShouldBe("src/a.cs");
    }

    /// <summary>Trap 201.</summary>
    [Theory]
    [InlineData("../outside/secret.txt")]
    [InlineData("src/../../outside/secret.txt")]
    [InlineData("OUTSIDE")]
    [InlineData("/etc/passwd")]
    [InlineData("~/.ssh/id_ed25519")]
    [InlineData("../outside/no-such-file")]
    public async Task Path_outside_the_workspace_refuses_the_call(string written)
    {
        var outside = Path.Combine(_project.Outside, "secret.txt");
        await File.WriteAllTextAsync(outside, "outside");
        _project.Write("src/a.cs");

        var message = await _project.DeniedAsync("src/a.cs", written == "OUTSIDE" ? outside : written);

        message.ShouldContain("EXAI_ALLOWED_ROOTS");
        message.ShouldContain("Nothing was sent");
    }

    /// <summary>Trap 201.</summary>
    [Fact]
    public async Task Link_that_leads_outside_refuses_the_call()
    {
        await File.WriteAllTextAsync(Path.Combine(_project.Outside, "secret.txt"), "outside");
        File.CreateSymbolicLink(Path.Combine(_project.Root, "innocent.txt"), Path.Combine(_project.Outside, "secret.txt"));
        Directory.CreateSymbolicLink(Path.Combine(_project.Root, "folder"), _project.Outside);

        await _project.DeniedAsync("innocent.txt");
        await _project.DeniedAsync("folder/secret.txt");
        await _project.DeniedAsync("folder");
    }

    [Fact]
    public async Task Link_within_the_workspace_is_followed_and_called_by_its_target()
    {
        _project.Write("real/a.cs");
        Directory.CreateSymbolicLink(Path.Combine(_project.Root, "link"), Path.Combine(_project.Root, "real"));

        (await _project.CollectAsync("link/a.cs")).Files.ShouldHaveSingleItem().Path.ShouldBe("real/a.cs");
    }

    [Fact]
    public void File_that_becomes_a_link_after_the_check_is_not_read()
    {
        var path = _project.Write("a.cs");
        var secret = Path.Combine(_project.Outside, "secret.txt");
        File.WriteAllText(secret, "outside");
        var checkedPath = _project.Gate.Resolve("a.cs");
        File.Delete(path);
        File.CreateSymbolicLink(path, secret);

        Should.Throw<FileRefusedException>(() => _project.Gate.Open(checkedPath).Dispose()).Code.ShouldBe(ErrorCodes.FileDenied);
    }

    [Theory]
    [InlineData(".env")]
    [InlineData("config/.env.production")]
    [InlineData("prod.env")]
    [InlineData("server.pem")]
    [InlineData("TLS.KEY")]
    [InlineData("id_rsa")]
    [InlineData("id_ed25519.bak")]
    [InlineData(".ssh/config")]
    [InlineData(".aws/credentials")]
    [InlineData(".git/config")]
    [InlineData(".npmrc")]
    [InlineData("credentials.json")]
    [InlineData("service-account-prod.json")]
    [InlineData("secrets.yaml")]
    [InlineData("terraform.tfstate")]
    [InlineData("exai-home/token")]
    public async Task File_with_secrets_refuses_the_call(string path)
    {
        _project.Write(path, "top secret");

        var message = await _project.DeniedAsync(path);

        message.ShouldNotContain("top secret");
    }

    [Theory]
    [InlineData(".env.example")]
    [InlineData("id_rsa.pub")]
    [InlineData("src/secrets.cs")]
    [InlineData("src/environment.ts")]
    [InlineData("docs/keys.md")]
    public async Task File_that_only_sounds_like_secrets_is_read(string path)
    {
        _project.Write(path);

        (await _project.CollectAsync(path)).Blobs.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Private_key_is_known_by_its_first_line_and_a_link_does_not_hide_a_secret()
    {
        _project.Write("notes.txt", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n");
        _project.Write(".env", "KEY=1");
        File.CreateSymbolicLink(Path.Combine(_project.Root, "settings.txt"), Path.Combine(_project.Root, ".env"));

        (await _project.DeniedAsync("notes.txt")).ShouldContain("private key");
        await _project.DeniedAsync("settings.txt");
    }

    /// <summary>Trap 52.</summary>
    [Fact]
    public async Task What_cannot_be_attached_is_listed_with_its_reason()
    {
        _project.Write("a.cs");
        _project.Write("binary.bin", [1, 0, 2, 0]);
        _project.Write("picture.txt", [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        _project.Write("huge.log", new string('x', (int)FileCollector.MostTextBytes + 1));

        var collected = await _project.CollectAsync("a.cs", "no-such.cs", "binary.bin", "picture.txt", "huge.log");

        collected.Blobs.Count.ShouldBe(1);
        collected.Files.Select(file => $"{file.Path} {file.Error}").ShouldBe(
        [
            "a.cs ",
            "no-such.cs FILE_NOT_FOUND: There is no such file.",
            "binary.bin INVALID_ARGUMENT: It is binary, not text.",
            "picture.txt INVALID_ARGUMENT: It is an image: name it in 'images'.",
            "huge.log FILE_TOO_LARGE: It has 4.0 MB; at most 4 MB are read. Give the part that matters as text.",
        ]);
    }

    [Fact]
    public async Task Unreadable_file_and_pipe_are_listed_and_hold_nothing_up()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("File modes and named pipes are Unix's.");
            return;
        }

        var path = _project.Write("private.txt");
        File.SetUnixFileMode(path, UnixFileMode.None);
        using (var mkfifo = System.Diagnostics.Process.Start("mkfifo", Path.Combine(_project.Root, "pipe")))
        {
            await mkfifo.WaitForExitAsync();
        }

        var collected = await _project.CollectAsync("private.txt", "pipe").WaitAsync(TimeSpan.FromSeconds(10));

        // Root reads everything.
        (collected.Files[0].Error is null == Environment.IsPrivilegedProcess).ShouldBeTrue();
        collected.Files[1].Error.ShouldBe("FILE_NOT_FOUND: It is no regular file.");
    }

    [Fact]
    public async Task Image_is_known_by_its_content_and_one_within_the_call_is_left_to_the_daemon()
    {
        _project.Write("screen.dat", [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        _project.Write("fake.png", "no image");

        var collected = await _project.CollectAsync("image", ["screen.dat", "fake.png", "data:image/png;base64,AAAA", "https://example.org/a.png"]);

        collected.Files.Select(file => (file.Path, file.MediaType)).ShouldBe([("screen.dat", "image/png"), ("fake.png", null)]);
        collected.Files[1].Error.ShouldStartWith("INVALID_ARGUMENT");
    }

    [Fact]
    public async Task Equal_content_is_one_blob()
    {
        _project.Write("a.cs", "same");
        _project.Write("b.cs", "same");

        var collected = await _project.CollectAsync("a.cs", "b.cs", "./a.cs");

        collected.Files.Select(file => file.Path).ShouldBe(["a.cs", "b.cs"]);
        collected.Blobs.ShouldHaveSingleItem();
    }
}
