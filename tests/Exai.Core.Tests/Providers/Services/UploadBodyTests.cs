using System.Text;
using Exai.Core.Providers.Services;

namespace Exai.Core.Tests.Providers.Services;

public sealed class UploadBodyTests
{
    [Fact]
    public async Task Form_is_the_same_bytes_for_the_same_file()
    {
        using var form = UploadBody.Create(new FileUpload("C:\\Users\\me\\Größe \"1\"\r\n.md", Encoding.UTF8.GetBytes("hi")) { MediaType = "text/markdown" }, ("purpose", "file-extract"));
        const string Boundary = "exai-8f434346648f6b96df89dda901c5176b";

        (await form.ReadAsStringAsync()).ShouldBe(string.Join("\r\n",
            "--" + Boundary, "Content-Disposition: form-data; name=\"purpose\"", "", "file-extract",
            "--" + Boundary, "Content-Type: text/markdown", "Content-Disposition: form-data; name=\"file\"; filename=\"Größe %221%22.md\"", "", "hi",
            "--" + Boundary + "--", ""));
        form.Headers.ContentType!.ToString().ShouldBe($"multipart/form-data; boundary=\"{Boundary}\"");
    }

    [Theory]
    [InlineData("notes.md", "notes.md")]
    [InlineData("/home/me/../notes.md", "notes.md")]
    [InlineData("C:\\me\\notes.md", "notes.md")]
    [InlineData("folder/", "")]
    public void Name_loses_its_folders(string name, string bare) => UploadBody.BareName(name).ShouldBe(bare);
}
